"""PostgreSQL processes that a killed run left in a data folder."""

import signal
from pathlib import Path

from culture_connect_cli.stack.processes import processes_in, terminate


def terminate_orphan(data: Path) -> None:
    """Terminates the server of a killed run in this data folder, and removes its stale postmaster.pid."""
    found = processes_in(data, {"postgres"})
    parents = [each for each in found if str(each.pid) == next(iter(postmaster_file(data)), "")]
    terminate(parents, first=signal.SIGINT)
    terminate(found, first=signal.SIGQUIT, grace=3)
    (data / "postmaster.pid").unlink(missing_ok=True)


def postmaster_file(data: Path) -> list[str]:
    """The lines of postmaster.pid: line 1 is the process id, line 8 the state. Empty when there is no such file."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []
