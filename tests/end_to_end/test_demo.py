"""`culture-connect demo --exit` in a home of its own: its status says whether everything arrived."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from culture_connect_cli.accounts import Credentials
from culture_connect_cli.stack.postgres.root import root_data_folder
from tests.support.command import TIMEOUT, culture_connect
from tests.support.external_clients import listening
from tests.support.servers.stack import stack_environment

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def servers(home: Path) -> Iterator[dict[str, str]]:
    """The variables that name the stack's servers."""
    with stack_environment(home) as environment:
        yield environment


@pytest.fixture(scope="module")
def home(scratch: Path) -> Iterator[Path]:
    """The folder of the demo's stack; the second run finds what the first has left."""
    folder = (scratch / "demo").resolve()
    yield folder
    if os.geteuid() == 0:
        shutil.rmtree(root_data_folder(folder).parent, ignore_errors=True)


async def test_a_demo_ends_well_when_everything_arrived_and_not_when_a_box_office_misses_tickets(
    home: Path, servers: dict[str, str]
) -> None:
    status, output = await demo(home, servers)
    assert status == 0, output
    assert "Everything that should have arrived did." in output
    for line in ("15 enrolled, 1 withdrawn", "12 enrolled", "10 enrolled", "Everything is stopped"):
        assert line in output

    # Somebody else with the same account takes tickets away.
    async with listening(box_office_of(home, "paard")) as thief:
        status, output = await demo(home, servers, "--patience=4")
    assert len(thief.received) > 0
    assert status == 1, output
    assert "Missing:" in output
    assert "- the tickets at paard" in output
    assert "Everything is stopped" in output


async def demo(home: Path, servers: dict[str, str], *options: str) -> tuple[int, str]:
    """Plays it to the end; returns status and output."""
    command = culture_connect("demo", "--exit", *options, home=home, **servers)
    try:
        output, _ = await asyncio.to_thread(command.communicate, timeout=TIMEOUT)
    finally:
        if command.poll() is None:
            command.terminate()
            with contextlib.suppress(TimeoutError):
                command.wait()
    return command.returncode, output


def box_office_of(home: Path, venue: str) -> Credentials:
    """The account as the stack's description has it; its address is kept from one start to the next."""
    description = json.loads((home / "stack.json").read_text())
    account, name = description["accounts"][f"box-office.{venue}"], f"box-office.{venue}"
    amqp = description["amqp"]
    queue = f"{name}.tickets"
    return Credentials(
        name, account["password"], amqp["host"], amqp["port"], account["vhost"], name, "admission", queue
    )
