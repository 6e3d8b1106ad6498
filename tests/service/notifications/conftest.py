"""Notifications on a real broker, a real database and a real mail server."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from notifications.settings import NotificationsSettings
from tests.service.notifications.harness import Harness, overhearing, running
from tests.service.notifications.mail_server import MailServer
from tests.support.hashes import HASH_KEY
from tests.support.service_environment import Surroundings

TOKENS = {"console": ["operator"], "desk": ["programme"], "door": ["box-office:paard"]}


@pytest.fixture
def surroundings(surroundings_of: Callable[[str], Surroundings]) -> Surroundings:
    """A database and virtual hosts of our own."""
    return surroundings_of("notifications")


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server that takes everything until told otherwise."""
    async with MailServer() as server:
        yield server


@pytest.fixture
def settings(surroundings: Surroundings, mail_server: MailServer, tmp_path: Path) -> NotificationsSettings:
    """Of a replica with all that around it."""
    tokens = tmp_path / "tokens.json"
    tokens.touch(mode=0o600)
    entries = [
        {"name": name, "scopes": scopes, "sha256": hashlib.sha256(name.encode()).hexdigest()}
        for name, scopes in TOKENS.items()
    ]
    tokens.write_text(json.dumps(entries))
    return NotificationsSettings(
        database_url=surroundings.database_url,
        core_url=surroundings.core_url,
        tokens_file=tokens,
        hash_key=HASH_KEY,
        smtp_port=mail_server.port,
        mail_welcome_seconds=0,
        mail_ticket_seconds=0,
        mail_change_seconds=0,
    )


@pytest.fixture
async def world(
    settings: NotificationsSettings, surroundings: Surroundings, mail_server: MailServer
) -> AsyncIterator[Harness]:
    """The world around notifications, which is not running yet."""
    async with overhearing(surroundings) as (events, told):
        yield Harness(settings, surroundings, mail_server, events, told)


@pytest.fixture
async def harness(world: Harness) -> AsyncIterator[Harness]:
    """The same with one replica running."""
    async with running(world.settings) as api:
        world.api = api
        yield world
