"""The images that Compose builds: small, quick to start, and nothing in them that has no business there."""

import json

import pytest

from tests.containers.base_images import PYTHON
from tests.containers.engine import docker

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("images")]

MB = 1_000_000
# What an image adds to its base, in bytes.
OURS = {"registration": 120 * MB, "ticketing": 135 * MB, "notifications": 210 * MB, "tools": 155 * MB}


@pytest.mark.parametrize("name", OURS)
def test_an_image_adds_little_to_its_base(name: str) -> None:
    assert _size(f"culture-connect/{name}") - _size(PYTHON) <= OURS[name]


@pytest.mark.parametrize("name", OURS)
def test_an_image_has_no_build_tools_tests_or_repository_in_it(name: str) -> None:
    found = docker("run", "--rm", "--entrypoint", "find", f"culture-connect/{name}", "/venv", "/app")
    names = {path.rpartition("/")[2] for path in found.split()}
    assert names & {"pip", "setuptools", "wheel", "tests", ".git", ".local", "pytest", "stack.json"} == set()


@pytest.mark.parametrize("name", OURS)
def test_every_module_is_compiled_when_the_image_is_built(name: str) -> None:
    """The file system is read-only later."""
    program = """
import culture_connect, sqlalchemy
for module in (culture_connect, sqlalchemy):
    print(open(module.__cached__, "rb").read()[4:8].hex())
"""
    # PEP 552: by a hash that nobody compares, so that the times of the files do not matter.
    assert _run(name, program).split() == ["01000000"] * 2


def _run(name: str, program: str) -> str:
    return docker("run", "--rm", "--read-only", "--entrypoint", "python", f"culture-connect/{name}", "-c", program)


def _size(image: str) -> int:
    (described,) = json.loads(docker("image", "inspect", image))
    return int(described["Size"])
