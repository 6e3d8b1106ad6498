"""Outside parties on the bus: onboarding, another password, offboarding."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import (
    ADMISSION_KEY,
    ENROLMENT_KEY,
    PartyKind,
    Topology,
    fixed,
    holding_queue,
    party,
)
from culture_connect_cli.broker.connection import Amqps, Broker
from culture_connect_cli.broker.definitions import names_of_party, parties_of
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.topology.apply import apply_part
from culture_connect_cli.topology.comparison import Cure, differences

_ALPHABET: Final = string.ascii_letters + string.digits
_PASSWORD_LENGTH: Final = 32


class AccountError(BrokerError):
    """An account cannot be added or removed as asked; nothing was changed unless the text says so."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that a party needs to connect, to send and to hear."""

    username: str
    password: str = field(repr=False)
    host: str
    port: int
    vhost: str
    exchange: str
    routing_key: str
    queue: str
    amqps: Amqps | None = None

    @property
    def url(self) -> str:
        """The same as one AMQP address. Holds the password: never log it."""
        return self._url("amqp", self.host, self.port)

    @property
    def tls_url(self) -> str | None:
        """The same over TLS, None where that is not told. Holds the password: never log it."""
        return self._url("amqps", self.amqps.host, self.amqps.port) if self.amqps else None

    def _url(self, scheme: str, host: str, port: int) -> str:
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{scheme}://{login}@{host}:{port}/{quote(self.vhost, safe='')}"


@dataclass(frozen=True, slots=True)
class AccountState:
    """A party as the broker sees it; counts are up to five seconds old, None where a queue is missing."""

    kind: PartyKind
    name: str
    connections: int
    sent: int | None
    to_fetch: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """What was thrown away with an account: messages by queue."""

    account: str
    discarded: Mapping[str, int]


async def add_account(
    broker: Broker, kind: PartyKind, name: str, *, rotate: bool = False, password: str | None = None
) -> Credentials:
    """Makes exchange, queues, bindings, account, rights and limits of a party, and returns its credentials.

    `rotate` gives an account that exists a new password and ends its connections. `password` is 32 random
    characters unless given. Raises AccountError when the account exists (or, to rotate, does not), or the
    topology is not there; ValueError when `name` is not a slug; BrokerError as `Management` does.
    """
    account, _, outbound = names_of_party(kind, name)
    edge = broker.vhosts.edge
    password = password or random_password()
    async with broker.management() as management:
        found = await management.get("definitions")
        exists = any(row["name"] == account for row in found["users"])
        if exists and not rotate:
            raise AccountError(f"the account {account} exists; --rotate gives it a new password")
        if rotate and not exists:
            raise AccountError(f"there is no account {account} to give a new password")
        _require_topology(broker, found)
        piece = Topology(vhosts=(edge,)) + party(kind, name, broker.vhosts)
        await apply_part(management, piece, found, {account: password})
        if rotate:
            await management.delete("connections", "username", account)
    routing_key = ENROLMENT_KEY if kind == "hr" else ADMISSION_KEY
    host, port = broker.advertised or (broker.host, broker.port)
    return Credentials(account, password, host, port, edge, account, routing_key, outbound, broker.amqps)


async def remove_account(broker: Broker, kind: PartyKind, name: str, *, discard: bool = False) -> Removal:
    """Removes a party and all that stands on the bus for it.

    The account goes first, which ends its connections, then what it sent to, then the queues. Raises
    AccountError when nothing of it exists, or when its queues hold messages and `discard` is not set.
    """
    account, inbound, outbound = names_of_party(kind, name)
    edge = broker.vhosts.edge
    async with broker.management() as management:
        found = await management.get("definitions")
        known = parties_of(found, broker.vhosts)
        if name not in (known.partners if kind == "hr" else known.venues):
            raise AccountError(f"there is no account {account}")
        queues = (inbound, outbound, holding_queue(outbound))
        counts = await _messages_in(broker, *queues)
        if counts and not discard:
            raise AccountError(f"{_told(counts)}; wait, or throw them away with --discard")
        await management.delete("users", account)
        await management.delete("exchanges", edge, account)
        # What came in between the first look and the end of the account must not vanish unseen.
        counts = await _messages_in(broker, *queues)
        if counts and not discard:
            raise AccountError(f"the account {account} is removed, but meanwhile {_told(counts)}; run this again")
        for queue in queues:
            await management.delete("queues", edge, queue)
    return Removal(account, counts)


async def list_accounts(broker: Broker) -> list[AccountState]:
    """Every party of which the broker knows anything, by kind and name."""
    async with broker.management() as management:
        found = await management.get("definitions")
        depths = await _depths(management, broker.vhosts.edge)
        connections = [row.get("user") for row in await management.get("connections")]
    known = parties_of(found, broker.vhosts)
    parties: list[tuple[PartyKind, str]] = [
        *(("hr", name) for name in known.partners),
        *(("box-office", name) for name in known.venues),
    ]
    states = []
    for kind, name in parties:
        account, inbound, outbound = names_of_party(kind, name)
        piece = Topology(vhosts=(broker.vhosts.edge,)) + party(kind, name, broker.vhosts)
        wrong = [row for row in differences(piece, found, elsewhere=False) if row.cure is not Cure.REMOVE]
        states.append(
            AccountState(kind, name, connections.count(account), depths.get(inbound), depths.get(outbound), not wrong)
        )
    return states


def known_party(kind: PartyKind, name: str) -> str:
    """The name itself. Raises AccountError for a box office of a venue that the contract does not know."""
    if kind == "box-office" and name not in list(Venue):
        raise AccountError(f"there is no venue {name}: the venues are {', '.join(Venue)}")
    return name


def random_password() -> str:
    """32 random letters and digits: nothing that a shell, an address or a configuration file would change."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))


def _require_topology(broker: Broker, found: Mapping[str, Any]) -> None:
    missing = [
        row
        for row in differences(fixed(broker.vhosts), found, elsewhere=False)
        if row.cure in (Cure.APPLY, Cure.RECREATE) and row.account is None
    ]
    if missing:
        raise AccountError(
            f"the topology is not complete ({missing[0]}, {len(missing)} in all): "
            "run `culture-connect topology apply` first"
        )


async def _messages_in(broker: Broker, *queues: str) -> dict[str, int]:
    """The queues that hold messages now. Asked over AMQP, since the console's counts are seconds old."""
    counts = {}
    async with await aio_pika.connect(broker.amqp_url(broker.vhosts.edge), timeout=10) as connection:
        for name in queues:
            try:
                async with connection.channel() as channel:
                    queue = await channel.declare_queue(name, passive=True)
            except ChannelNotFoundEntity:
                continue
            counts[name] = queue.declaration_result.message_count or 0
    return {name: count for name, count in counts.items() if count}


async def _depths(management: Management, vhost: str) -> dict[str, int]:
    rows = await management.get("queues", vhost)
    return {row["name"]: row.get("messages", 0) for row in rows}


def _told(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{queue} holds {count} message{'s' if count != 1 else ''}" for queue, count in counts.items())
