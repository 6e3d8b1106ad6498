"""Container tests run with `make containers`, which finds or starts an engine; elsewhere they are not collected."""

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.containers.installation import Installation

VARIABLE = "CULTURE_CONNECT_CONTAINER_TESTS"

collect_ignore_glob = [] if os.environ.get(VARIABLE) else ["test_*.py", "*/test_*.py"]


@pytest.fixture(scope="session")
def images() -> None:
    """The images of this tree are built."""
    Installation("culture-connect-images").build()


@pytest.fixture(scope="module")
def installation(images: None) -> Iterator[Installation]:
    """A healthy installation; it ends with its data."""
    made = Installation(f"culture-connect-{secrets.token_hex(4)}")
    try:
        made.up()
        yield made
    finally:
        made.down(volumes=True)
