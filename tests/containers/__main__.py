"""`make containers`: an engine, the stand-ins for base images, and the tests that need them."""

import os
import subprocess
import sys
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
_SERVERS: Final = {SERVERS: Kind.CONTAINERS.value, POSTGRES: "17"}


def main(arguments: list[str]) -> int:
    """The status of the tests; 0 with `--if-possible` where no engine can be had, and it says so."""
    optional = "--if-possible" in arguments
    chosen = [argument for argument in arguments if argument != "--if-possible"]
    try:
        with running_engine():
            base_images.build()
            with base_images.compose_plugin():
                return _tests(chosen)
    except EngineError as error:
        sys.stderr.write(f"The container tests cannot run: {error}\n")
        return 0 if optional and isinstance(error, NoEngineError) else 1


def _tests(chosen: list[str]) -> int:
    """The first status that is not 0."""
    environment = {**os.environ, VARIABLE: "1"}
    if chosen:
        return _pytest(*chosen, **environment)
    return _pytest("tests/containers", **environment) or _pytest(*ON_CONTAINERS, **environment, **_SERVERS)


def _pytest(*arguments: str, **environment: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
