"""A pair of virtual hosts for each test, with the whole topology and every service's account."""

import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel

from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    OPERATOR,
    SERVICES,
    PartyKind,
    Vhosts,
    definitions,
    definitions_of,
    party,
    password_hash,
)
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.stack import RabbitMQServer

Side = Literal["core", "edge"]


# The console speaks plain HTTP. Without this httpx reads all authorities of the machine for every test: 20 ms.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def password_of(account: str) -> str:
    """Accounts belong to the whole broker: their passwords are the same for every test and every run."""
    return f"{account}-of-the-tests"


class Bus:
    """Two fresh virtual hosts on a broker."""

    def __init__(self, server: RabbitMQServer, vhosts: Vhosts, management: httpx.Client) -> None:
        self.server = server
        self.vhosts = vhosts
        self._management = management

    @property
    def broker(self) -> Broker:
        """The same as the command line sees it."""
        server = self.server
        return Broker(server.management_url, server.username, server.password, server.host, server.port, self.vhosts)

    def url(self, account: str, side: Side) -> str:
        """amqp:// URL of a service, the operator, or a party added before."""
        return self.server.url(account, password_of(account), vhost=self.vhost(side))

    def administrator_url(self, side: Side) -> str:
        """amqp:// URL of one who may do everything."""
        return self.server.url(vhost=self.vhost(side))

    @asynccontextmanager
    async def administrator(self, side: Side) -> AsyncIterator[AbstractChannel]:
        """A channel of one who may do everything, such as overhear an exchange."""
        async with await aio_pika.connect(self.administrator_url(side)) as connection:
            yield await connection.channel()

    def add_party(self, kind: PartyKind, name: str) -> str:
        """Account, exchange and queues of an HR system or box office; returns its URL."""
        topology = party(kind, name, self.vhosts)
        account = topology.users[0].name
        self.load(definitions_of(topology, {account: password_hash(password_of(account))}))
        return self.url(account, "edge")

    def depth(self, queue: str, side: Side) -> int:
        """Messages in the queue, ready or taken but not acknowledged; some hundred milliseconds old."""
        answer = self._management.get(f"/api/queues/{self.vhost(side)}/{queue}")
        answer.raise_for_status()
        return int(answer.json().get("messages", 0))

    def consumers(self, side: Side) -> list[str]:
        """The tags of all who consume on this side, as the console shows them."""
        answer = self._management.get(f"/api/consumers/{self.vhost(side)}")
        answer.raise_for_status()
        return sorted(consumer["consumer_tag"] for consumer in answer.json())

    def limit(self, side: Side, queue: str, messages: int) -> None:
        """Lets the queue hold so many messages and no more, before every other policy."""
        policy = {"pattern": f"^{queue}$", "definition": {"max-length": messages}, "priority": 9, "apply-to": "queues"}
        path = f"/api/policies/{self.vhost(side)}/limit-of-the-test"
        self._management.put(path, json=policy).raise_for_status()

    def load(self, document: dict[str, Any]) -> None:
        """Adds these definitions to the broker."""
        self._management.post("/api/definitions", json=document).raise_for_status()

    def vhost(self, side: Side) -> str:
        """The name of the virtual host on this side."""
        return self.vhosts.core if side == "core" else self.vhosts.edge


@contextmanager
def fresh_bus(server: RabbitMQServer) -> Iterator[Bus]:
    """A bus until the end of the block; no party is on it yet."""
    run = secrets.token_hex(4)
    vhosts = Vhosts(f"core-{run}", f"edge-{run}")
    accounts = {name: password_hash(password_of(name)) for name in (*SERVICES, OPERATOR)}
    with httpx.Client(
        base_url=server.management_url,
        auth=(server.username, server.password),
        timeout=30,
        trust_env=False,
        verify=_NO_AUTHORITIES,
    ) as management:
        bus = Bus(server, vhosts, management)
        bus.load(definitions(vhosts, users=accounts))
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        for vhost in (vhosts.core, vhosts.edge):
            path = f"/api/permissions/{vhost}/{server.username or ADMINISTRATOR}"
            management.put(path, json=everything).raise_for_status()
        try:
            yield bus
        finally:
            parties = [row["user"] for row in management.get(f"/api/vhosts/{vhosts.edge}/permissions").json()]
            for vhost in (vhosts.core, vhosts.edge):
                management.delete(f"/api/vhosts/{vhost}").raise_for_status()
            for account in parties:
                if account.startswith(("hr.", "box-office.")):
                    management.delete(f"/api/users/{account}").raise_for_status()
