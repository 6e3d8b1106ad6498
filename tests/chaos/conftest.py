"""One stack for all tests of this folder: its parts are killed and started again, its data goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from culture_connect_cli.stack.local import LocalStack
from tests.support.servers.stack import stack_options
from tests.support.system import System, http_client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(scratch: Path) -> AsyncIterator[System]:
    """Everything runs; nobody but the test brings back what it kills."""
    home = scratch / "chaos"
    with stack_options(home) as options:
        stack = LocalStack(home, supervised=False, durable=False, **options)
        async with stack, http_client() as http:
            yield System(stack, http)
