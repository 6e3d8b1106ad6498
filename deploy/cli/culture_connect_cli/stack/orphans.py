"""What a killed run of a stack left running, recognised by the folders its processes work in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from culture_connect_cli.stack.postgres import server
from culture_connect_cli.stack.processes import end, processes_in
from culture_connect_cli.stack.program import Program
from culture_connect_cli.stack.rabbitmq import process as rabbitmq


def end_leftovers(programs: list[Program], broker: Path, database: Path, say: Callable[[str], None]) -> None:
    """Ends programs first, then the servers they use; `broker` and `database` are the servers' folders."""
    running = [process for program in programs for process in program.leftovers()]
    servers = [*processes_in(broker, {"beam.smp", "epmd"}), *processes_in(database / "data", {"postgres"})]
    if not running and not servers:
        return
    say("A run before this one was killed; what is left of it is ended first.")
    end(running, grace=15)
    with ThreadPoolExecutor(2) as threads:
        for work in (
            threads.submit(rabbitmq.end_leftover, broker),
            threads.submit(server.end_leftover, database / "data"),
        ):
            work.result()
