"""`make containers`: an engine, the stand-ins for base images, and the tests that need them."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from tests.containers import base_images
from tests.containers.conftest import VARIABLE
from tests.containers.engine import EngineError, NoEngineError, running_engine
from tests.containers.installation import ROOT
from tests.support.servers.selection import POSTGRES, SERVERS, Kind

# Tests of the kit, of the broker and of the whole that also run on servers in containers: RabbitMQ 4 and PostgreSQL 17.
ON_CONTAINERS: Final = (
    "--numprocesses=2",
    "--dist=loadgroup",
    "--no-loadscope-reorder",
    "tests/messaging",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "security").glob("test_broker_*.py")),
    "tests/end_to_end/test_canary.py",
    "tests/end_to_end/test_catching_up.py",
    "tests/end_to_end/test_service_pages.py",
)
_IF_POSSIBLE: Final = "--if-possible"
_AGAIN: Final = "--again"
_SERVERS: Final = {SERVERS: Kind.CONTAINERS.value, POSTGRES: "17"}


def main(arguments: list[str]) -> int:
    """The status of the tests, which are all of them without `arguments` to choose some.

    With `--if-possible` it is 0 where no engine can be had, and it says so. With `--again` a few tests that failed are
    tried once more, as in the continuous run.
    """
    chosen = [argument for argument in arguments if argument not in (_IF_POSSIBLE, _AGAIN)]
    try:
        with running_engine():
            base_images.build()
            with base_images.compose_plugin():
                return _tests(chosen, again=_AGAIN in arguments)
    except EngineError as error:
        sys.stderr.write(f"The container tests cannot run: {error}\n")
        return 0 if _IF_POSSIBLE in arguments and isinstance(error, NoEngineError) else 1


def _tests(chosen: list[str], *, again: bool) -> int:
    """The first status that is not 0."""
    environment = {**os.environ, VARIABLE: "1"}
    if chosen:
        return _pytest(chosen, environment, again=again)
    return _pytest(["tests/containers"], environment, again=again) or _pytest(
        ON_CONTAINERS, environment | _SERVERS, again=again
    )


def _pytest(arguments: Sequence[str], environment: Mapping[str, str], *, again: bool) -> int:
    status = subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode
    if status and again:
        status = subprocess.run([sys.executable, ROOT / ".ci" / "again.py"], env=environment, check=False).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
