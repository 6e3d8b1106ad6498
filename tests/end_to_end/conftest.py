"""One stack for all tests of this folder. Each test has a partner and a day of its own, and so people of its own."""

import asyncio
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from culture_connect_cli.stack.local import LocalStack, Name
from tests.support.servers.stack import stack_options
from tests.support.system import System, http_client

LINES = 40  # of each log, shown with a test that failed

PARTS: tuple[Name, ...] = ("registration", "ticketing", "notifications", "rabbitmq", "postgres", "mailbox")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def system(scratch: Path) -> AsyncIterator[System]:
    """Everything runs; what a test stops it starts again itself."""
    home = scratch / "whole"
    with stack_options(home) as options:
        stack = LocalStack(home, supervised=False, durable=False, **options)
        async with stack, http_client() as http:
            yield System(stack, http)
            # Nothing is to be kept: proper stops take seconds.
            await asyncio.gather(*(stack.kill(part) for part in PARTS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the parts of the system logged last with a test that failed."""
    report = yield
    running = getattr(item, "funcargs", {}).get("system")
    if report.failed and running is not None:
        for log in sorted(running.stack.home.logs.glob("*.log")):
            last = log.read_text(errors="replace").splitlines()[-LINES:]
            report.sections.append((f"end of {log.name} after {call.when}", "\n".join(last)))
    return report
