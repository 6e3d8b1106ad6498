"""Docker containers of a stack: the engine, and the containers whose data lies below a folder."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.processes import plain_environment, spawn

LABEL: Final = "nl.cultureconnect.folder"
"""The label of every container of ours: the folder that it belongs to."""

_ANSWER: Final = 10.0  # seconds
_LIST: Final = 60.0  # seconds: an engine under load is slow, and what is not listed now is left behind


def docker(*arguments: str, check: bool = True) -> str:
    """Output of `docker` with its errors. Raises StackError when it fails, unless `check` is False."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if check and result.returncode != 0:
        raise StackError(f"docker {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout + result.stderr


def engine_answers() -> bool:
    """True when a Docker engine answers."""
    return _query("info") is not None


def remove_containers(folder: Path) -> None:
    """Removes the containers that belong to the folder or to one below it, with their anonymous volumes.

    Does nothing where no Docker engine answers.
    """
    listed = _query(
        "ps", "--all", f"--filter=label={LABEL}", f'--format={{{{.ID}}}} {{{{.Label "{LABEL}"}}}}', timeout=_LIST
    )
    for line in (listed or "").splitlines():
        identifier, _, owner = line.partition(" ")
        if Path(owner).is_relative_to(folder.resolve()):
            docker("rm", "--force", "--volumes", identifier, check=False)


def follow_log(name: str, log: Path, *, since: float = 1) -> subprocess.Popen[bytes]:
    """Appends what the container writes, and wrote since that Unix time, to the log; ends with the container."""
    command = ["docker", "logs", "--follow", f"--since={since}", name]
    given = {variable: value for variable, value in os.environ.items() if variable.startswith("DOCKER_")}
    return spawn(command, cwd=log.parent, env=plain_environment(**given), log=log)


def end_reader(reader: subprocess.Popen[bytes]) -> None:
    """Waits for a reader of a log whose container has ended."""
    try:
        reader.wait(_ANSWER)
    except subprocess.TimeoutExpired:
        reader.kill()
        reader.wait()


def _query(*arguments: str, timeout: float = _ANSWER) -> str | None:
    """Output of a command, None when there is no `docker` or no engine that answers in time."""
    if shutil.which("docker") is None:
        return None
    command = ["docker", *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None
    return result.stdout if result.returncode == 0 else None
