"""An application of the HTTP kit without a bus."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from culture_connect.contracts import Language
from culture_connect.http import Tokens, create_app
from culture_connect.http.app import Background
from culture_connect.messaging import Database, Telemetry
from tests.support.hashes import HASHES

TOKENS = {
    "desk": ["programme"],
    "paard": ["box-office:paard"],
    "acme": ["partner:acme"],
    "nobody": [],
}


class IdleBus:
    """The bus side of a service that has nothing to do; the database is never connected unless a test does."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or Database("postgresql://nobody@127.0.0.1:1/nothing", schema="nothing")
        self.telemetry = Telemetry()
        self.hashes = HASHES
        self.found: list[str] = []
        self.history: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.history.append("started")
        yield
        self.history.append("stopped")

    async def problems(self) -> list[str]:
        return self.found

    def warnings(self) -> list[str]:
        return []

    def asyncapi(self) -> dict[str, Any]:
        return {"asyncapi": "3.0.0"}


class OneSentencePages:
    """Pages of one sentence, for routes of personal pages."""

    policy = "default-src 'none'"

    def unavailable(self, language: Language) -> str:
        return f"not now ({language})"

    def unknown(self, language: Language) -> str:
        return f"unknown ({language})"

    def busy(self, language: Language) -> str:
        return f"too often ({language})"


def write_tokens(
    path: Path, scopes: dict[str, list[str]], *, expires: dict[str, str] | None = None, mode: int = 0o600
) -> Path:
    """A tokens file in which the token of each name is `<name>-token`; `expires` says which of them end, and when."""
    entries = [
        {"name": name, "scopes": given, "sha256": hashlib.sha256(token_of(name).encode()).hexdigest()}
        | ({"expires_at": expires[name]} if expires and name in expires else {})
        for name, given in scopes.items()
    ]
    write_private(path, entries)
    path.chmod(mode)
    return path


def write_private(path: Path, content: Any) -> Path:
    """A file with this as JSON, which nobody else can read."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
    return path


def spoil_tokens(path: Path) -> None:
    """Leaves the file as an editor that was interrupted."""
    path.write_text('[{"name": ')


def token_of(name: str) -> str:
    return f"{name}-token"


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(name)}"}


def app_with(
    *routers: APIRouter, tokens: Path, bus: IdleBus | None = None, background: Sequence[Background] = (), **options: Any
) -> FastAPI:
    """A small application; `tokens` is the tokens file."""
    return create_app(
        name="trial",
        title="Trial <service>",
        service=bus or IdleBus(),
        tokens=Tokens(tokens),
        routers=routers,
        description="What a trial does",
        background=background,
        **options,
    )


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://trial")
