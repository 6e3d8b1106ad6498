"""One stack for all tests of this folder. Each test has a partner and a day of its own, and so people of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from culture_connect_cli.stack.local import LocalStack, Name
from tests.support.system import System

PARTS: tuple[Name, ...] = ("registration", "ticketing", "notifications", "rabbitmq", "postgres", "mailbox")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def system(scratch: Path) -> AsyncIterator[System]:
    """Everything runs; what a test stops it starts again itself."""
    stack = LocalStack(
        scratch / "whole", supervised=False, durable=False, postgres_folder=scratch / "whole-postgres", environment={}
    )
    async with stack, httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield System(stack, http)
        # Nothing is to be kept: proper stops take seconds.
        await asyncio.gather(*(stack.kill(part) for part in PARTS))
