"""`make containers`: an engine, the stand-ins for base images, and the tests that need them."""

import os
import subprocess
import sys

from tests.containers import base_images
from tests.containers.conftest import VARIABLE
from tests.containers.engine import EngineError, NoEngineError, running_engine


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
    command = [sys.executable, "-m", "pytest", *(chosen or ["tests/containers"])]
    return subprocess.run(command, env={**os.environ, VARIABLE: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
