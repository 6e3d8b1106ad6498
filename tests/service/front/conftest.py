"""The three services as their composition roots make them, over real databases; nothing of theirs is running."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey

import notifications.app
import registration.app
import ticketing.app
from notifications.settings import NotificationsSettings
from registration.settings import RegistrationSettings
from tests.support.databases import Databases
from tests.support.hashes import HASH_KEY
from tests.unit.http.harness import write_private, write_tokens
from ticketing.settings import TicketingSettings

TOKENS = {
    "everything": ["programme", "operator", "mail", "partner:acme", "box-office:paard"],
    "acme": ["partner:acme"],
    "zeebank": ["partner:zeebank"],
    "paard": ["box-office:paard"],
}
_BROKER = "amqp://nobody:hush@127.0.0.1:1/nothing"

Build = Callable[..., FastAPI]


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A tokens file; the token of `acme` is `acme-token`."""
    return write_tokens(tmp_path / "tokens.json", TOKENS)


@pytest.fixture
def build(databases: Databases, tokens: Path, tmp_path: Path) -> Iterator[Build]:
    """`build("ticketing", http_...=...)`: the application with a database of its own."""
    made = []

    def build_service(name: str, **more: Any) -> FastAPI:
        database = databases.create(migrated=[name])
        made.append(database)
        told: dict[str, Any] = {
            "database_url": database.url(name),
            "core_url": _BROKER,
            "edge_url": _BROKER,
            "tokens_file": tokens,
            "hash_key": HASH_KEY,
            **more,
        }
        match name:
            case "registration":
                settings = RegistrationSettings(tombstone_key=secrets.token_hex(32), **told)
                return registration.app.build_app(settings)
            case "ticketing":
                key = write_private(tmp_path / "key.json", OKPKey.generate_key("Ed25519").as_dict(private=True))
                public_url = "https://mijn.cultureconnect.example"
                return ticketing.app.build_app(TicketingSettings(signing_key_file=key, public_url=public_url, **told))
            case _:
                return notifications.app.build_app(NotificationsSettings(**told))

    yield build_service
    for database in made:
        databases.drop(database)
