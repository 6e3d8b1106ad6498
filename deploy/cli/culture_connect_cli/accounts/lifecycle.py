"""Onboarding and offboarding of external clients: account, exchange, queues, permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from culture_connect_cli.accounts.credentials import Credentials, random_password
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.definitions import client_names, find_clients
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.topology.apply import apply_part
from culture_connect_cli.topology.comparison import differences
from culture_connect_cli.topology.difference import Remedy


class AccountError(BrokerError):
    """An account cannot be added or removed; nothing was changed unless the text says so."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """An external client on the broker.

    `inbound` and `outbound` are the messages in its queues, up to five seconds old, None when the queue is missing.
    """

    kind: PartyKind
    name: str
    connections: int
    inbound: int | None
    outbound: int | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """A removed account and the number of discarded messages by queue."""

    account: str
    discarded: Mapping[str, int]


async def add_account(
    broker: Broker, kind: PartyKind, name: str, *, rotate: bool = False, password: str | None = None
) -> Credentials:
    """Creates exchange, queues, bindings, account, permissions and limits of a client, and returns its credentials.

    `rotate` gives an existing account a new password and closes its connections. `password` defaults to a random one.
    Raises AccountError when the account exists (or, to rotate, does not) or the topology is missing; ValueError when
    `name` is not a slug; BrokerError as `Management` does.
    """
    account, _, outbound = client_names(kind, name)
    edge = broker.vhosts.edge
    password = password or random_password()
    async with broker.management() as management:
        found = await management.get("definitions")
        exists = any(row["name"] == account for row in found["users"])
        if exists and not rotate:
            raise AccountError(f"the account {account} exists; --rotate gives it a new password")
        if rotate and not exists:
            raise AccountError(f"there is no account {account}")
        _require_topology(broker, found)
        await apply_part(management, _client_topology(broker, kind, name), found, {account: password})
        if rotate:
            await management.delete("connections", "username", account)
    routing_key = ENROLMENT_KEY if kind == "hr" else ADMISSION_KEY
    host, port = broker.advertised or (broker.host, broker.port)
    return Credentials(account, password, host, port, edge, account, routing_key, outbound, broker.amqps)


async def remove_account(broker: Broker, kind: PartyKind, name: str, *, discard: bool = False) -> Removal:
    """Removes a client's account (which closes its connections), then its exchange, then its queues.

    Raises AccountError when nothing of it exists, or when its queues hold messages and `discard` is not set.
    """
    account, inbound, outbound = client_names(kind, name)
    edge = broker.vhosts.edge
    async with broker.management() as management:
        known = find_clients(await management.get("definitions"), broker.vhosts)
        if name not in (known.partners if kind == "hr" else known.venues):
            raise AccountError(f"there is no account {account}")
        queues = (inbound, outbound, holding_queue(outbound))
        counts = await _message_counts(broker, *queues)
        if counts and not discard:
            raise AccountError(f"{_describe(counts)}; wait, or throw them away with --discard")
        await management.delete("users", account)
        await management.delete("exchanges", edge, account)
        # Messages that arrived before the account was gone must not be lost silently.
        counts = await _message_counts(broker, *queues)
        if counts and not discard:
            raise AccountError(f"the account {account} is removed, but meanwhile {_describe(counts)}; run this again")
        for queue in queues:
            await management.delete("queues", edge, queue)
    return Removal(account, counts)


async def list_accounts(broker: Broker) -> list[AccountState]:
    """Every external client of which the broker has anything, by kind and name."""
    async with broker.management() as management:
        found = await management.get("definitions")
        depths = await _queue_depths(management, broker.vhosts.edge)
        connections = [row.get("user") for row in await management.get("connections")]
    known = find_clients(found, broker.vhosts)
    clients: list[tuple[PartyKind, str]] = [
        *(("hr", name) for name in known.partners),
        *(("box-office", name) for name in known.venues),
    ]
    states = []
    for kind, name in clients:
        account, inbound, outbound = client_names(kind, name)
        wrong = [
            row
            for row in differences(_client_topology(broker, kind, name), found, elsewhere=False)
            if row.remedy is not Remedy.REMOVE
        ]
        states.append(
            AccountState(kind, name, connections.count(account), depths.get(inbound), depths.get(outbound), not wrong)
        )
    return states


def validate_name(kind: PartyKind, name: str) -> str:
    """The name itself. Raises AccountError for a box office of an unknown venue."""
    if kind == "box-office" and name not in list(Venue):
        raise AccountError(f"there is no venue {name}: the venues are {', '.join(Venue)}")
    return name


def _client_topology(broker: Broker, kind: PartyKind, name: str) -> Topology:
    return Topology(vhosts=(broker.vhosts.edge,)) + party(kind, name, broker.vhosts)


def _require_topology(broker: Broker, found: Mapping[str, Any]) -> None:
    missing = [
        row
        for row in differences(fixed(broker.vhosts), found, elsewhere=False)
        if row.remedy in (Remedy.APPLY, Remedy.RECREATE) and row.account is None
    ]
    if missing:
        raise AccountError(
            f"the topology is not complete ({missing[0]}, {len(missing)} in all): "
            "run `culture-connect topology apply` first"
        )


async def _message_counts(broker: Broker, *queues: str) -> dict[str, int]:
    """The queues that hold messages now. Asked over AMQP, since the management API's counts are seconds old."""
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


async def _queue_depths(management: Management, vhost: str) -> dict[str, int]:
    rows = await management.get("queues", vhost)
    return {row["name"]: row.get("messages", 0) for row in rows}


def _describe(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{queue} holds {count} message{'s' if count != 1 else ''}" for queue, count in counts.items())
