"""Processes that a killed run of a stack left, recognised by their working folders."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from culture_connect_cli.stack.postgres.orphans import terminate_orphan as terminate_postgres
from culture_connect_cli.stack.processes import processes_in, terminate
from culture_connect_cli.stack.program import Program
from culture_connect_cli.stack.rabbitmq.process import terminate_orphan as terminate_rabbitmq


def terminate_orphans(programs: list[Program], broker: Path, database: Path, report: Callable[[str], None]) -> None:
    """Terminates programs, then the servers they use; `broker` and `database` are the servers' folders."""
    running = [process for program in programs for process in program.orphans()]
    servers = [*processes_in(broker, {"beam.smp", "epmd"}), *processes_in(database / "data", {"postgres"})]
    if not running and not servers:
        return
    report("A run before this one was killed; its processes are terminated first.")
    terminate(running, grace=15)
    with ThreadPoolExecutor(2) as threads:
        for work in (
            threads.submit(terminate_rabbitmq, broker),
            threads.submit(terminate_postgres, database / "data"),
        ):
            work.result()
