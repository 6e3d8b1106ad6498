import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import OKPKey

from culture_connect.http import Tokens, create_app
from tests.service.ticketing.external_clients import Clients
from tests.service.ticketing.harness import Harness
from tests.support.databases import Databases
from tests.support.hashes import HASH_KEY, HASHES
from tests.support.service_environment import Surroundings
from tests.unit.http.kit import IdleBus, write_tokens
from ticketing.http import routes
from ticketing.settings import TicketingSettings
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import Links

TOKENS = {
    "desk": ["programme"],
    "paard": ["box-office:paard"],
    "ndt": ["box-office:ndt"],
    "acme": ["partner:acme"],
    "everything": ["programme", "operator", "box-office:paard", "box-office:ndt"],
}


@pytest.fixture(scope="session")
def codes() -> Codes:
    """One key for all tests."""
    return Codes(OKPKey.generate_key("Ed25519"))


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A tokens file; the token of `desk` is `desk-token`."""
    return write_tokens(tmp_path / "tokens.json", TOKENS)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of our own, as ticketing's role sees it."""
    database = databases.create(migrated=["ticketing"])
    yield database.url("ticketing")
    databases.drop(database)


@pytest.fixture
async def harness(database_url: str, codes: Codes) -> AsyncIterator[Harness]:
    """Ticketing without a bus."""
    harness = Harness(database_url, Issuer(codes, Links("https://mijn.cultureconnect.example"), HASHES))
    yield harness
    await harness.database.close()


@pytest.fixture
async def api(harness: Harness, tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The routes over the harness's database, for callers who show a token themselves."""
    app = create_app(
        name="ticketing",
        title="ticketing",
        description="",
        service=IdleBus(harness.database),
        tokens=Tokens(tokens),
        routers=routes.ROUTERS,
    )
    routes.configure(app, harness.issuer)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ticketing") as client:
        yield client


@pytest.fixture
def surroundings(surroundings_of: Callable[[str], Surroundings]) -> Surroundings:
    """A database and virtual hosts of our own."""
    return surroundings_of("ticketing")


@pytest.fixture
def settings(surroundings: Surroundings, tokens: Path, tmp_path: Path) -> TicketingSettings:
    """Of a replica with a schema and virtual hosts of its own."""
    key = tmp_path / "signing-key.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    return TicketingSettings(
        database_url=surroundings.database_url,
        core_url=surroundings.core_url,
        edge_url=surroundings.edge_url,
        tokens_file=tokens,
        hash_key=HASH_KEY,
        signing_key_file=key,
        public_url="https://mijn.cultureconnect.example",
    )


@pytest.fixture
async def world(surroundings: Surroundings, settings: TicketingSettings) -> AsyncIterator[Clients]:
    """Everybody around ticketing, connected with their own accounts; no replica is running yet."""
    async with asyncio.timeout(30), Clients(surroundings, settings) as world:
        yield world
