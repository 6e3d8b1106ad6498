"""`culture-connect up` as a person meets it: it starts, survives, refuses a double, cleans up, and remembers."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.stack.postgres.root import root_data_folder
from tests.support.probes import until

pytestmark = pytest.mark.timeout(300)

TIMEOUT = 120.0  # seconds, on a machine that is busy


class Up:
    """The command in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.parent / f"{home.name}.out"
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            self._running.append(
                subprocess.Popen(
                    [sys.executable, "-c", "from culture_connect_cli.main import app; app()", "up"],
                    env={**os.environ, "CULTURE_CONNECT_HOME": str(self.home), "COLUMNS": "120"},
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
        return self._running[-1]

    async def ready(self) -> dict[str, object]:
        """The content of stack.json after the command has said that everything runs."""
        await self.said("Ctrl-C stops everything")
        description: dict[str, object] = json.loads((self.home / "stack.json").read_text())
        return description

    async def said(self, text: str) -> None:
        await until(self.output.read_text, lambda seen: text in seen, f"the command to say {text!r}", timeout=TIMEOUT)

    def processes(self) -> list[psutil.Process]:
        """Everything that works in the home or for it."""
        folders = (str(self.home), str(root_data_folder(self.home)))
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.AccessDenied, psutil.NoSuchProcess, FileNotFoundError):
                if process.cwd().startswith(folders):
                    found.append(process)
        return found

    def end(self) -> None:
        for each in self._running:
            if each.poll() is None:
                each.terminate()
                each.wait()


@pytest.fixture
def up(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Up]:
    up = Up((scratch / request.node.name).resolve())
    yield up
    up.end()
    if os.geteuid() == 0:
        shutil.rmtree(root_data_folder(up.home).parent, ignore_errors=True)


async def test_a_stack_that_was_killed_is_found_again_with_its_data_and_its_addresses(up: Up) -> None:
    first = up.start()
    description = await up.ready()
    assert (up.home / "stack.json").stat().st_mode & 0o777 == 0o600
    await _remember_something(str(description["database_url"]))

    # Another one in the same folder is turned away and disturbs nothing.
    second = Up(up.home)
    second.output = up.home.parent / "second.out"
    assert second.start().wait(timeout=TIMEOUT) == 1
    await second.said("runs in")

    first.send_signal(signal.SIGKILL)
    first.wait()
    assert up.processes() != []
    third = up.start()
    assert await up.ready() == description
    await up.said("A run before this one was killed")
    assert await _what_is_remembered(str(description["database_url"])) == "something"

    third.send_signal(signal.SIGINT)
    assert third.wait(timeout=TIMEOUT) == 0
    assert up.processes() == []


async def test_a_service_that_dies_is_started_again_and_everything_ends_with_the_command(up: Up) -> None:
    command = up.start()
    description = await up.ready()
    _check_against_the_contract(description)
    assert up.home.stat().st_mode & 0o077 == 0
    addresses = description["http"]
    assert isinstance(addresses, dict)
    (victim,) = [each for each in up.processes() if "ticketing" in each.cmdline()]
    victim.kill()
    await up.said("ticketing has ended by itself")
    await up.said("ticketing runs again")
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in SERVICES:
            assert (await client.get(f"{addresses[service]}/health/ready")).status_code == 200
    command.terminate()
    assert command.wait(timeout=TIMEOUT) == 0
    assert up.processes() == []


def _check_against_the_contract(description: dict[str, object]) -> None:
    assert set(description) == {"amqp", "database_url", "http", "mailbox_url", "accounts", "tokens"}
    amqp, accounts, tokens = description["amqp"], description["accounts"], description["tokens"]
    assert isinstance(amqp, dict)
    assert set(amqp) == {"host", "port", "management_url", "tls_port", "ca_file"}
    assert isinstance(accounts, dict)
    assert {"box-office.paard", "operator"} <= set(accounts)
    for name, account in accounts.items():
        assert account["username"] == name
        assert set(account) == {"username", "password", "vhost"}
    assert isinstance(tokens, dict)
    assert {"programme", "operator", "box-office.paard"} <= set(tokens)


async def _remember_something(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("create table public.memory as select 'something' as what")
    await connection.close()


async def _what_is_remembered(url: str) -> object:
    connection = await asyncpg.connect(url)
    answer: object = await connection.fetchval("select what from public.memory")
    await connection.close()
    return answer
