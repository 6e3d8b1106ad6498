"""The steps by which one queue of a party is made anew.

A quorum queue cannot be deleted on condition that it is empty. So whoever writes to it is kept out first, in a way in
which they keep what they want to send: a party loses its right to write, a service has no binding. Rights and binding
come back when the new queue is there; after a run that was killed `topology apply` gives them back in that order.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import DeliveryError

from culture_connect.messaging.topology import (
    SERVICES,
    Arguments,
    Permission,
    Topology,
    holding_queue,
    outbound_queue,
)
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.topology.messages import counts, move

_NOTHING: Final = "^$"
_PAUSE: Final = 0.2  # seconds between two looks
_LOOKS: Final = 3  # that have to find nothing: the broker says 0 as well when the queue does not answer in time
_SETTLING: Final = 12.0  # seconds; the console's counts are up to five seconds old


class StillInUseError(BrokerError):
    """A queue does not become empty; no message of it is lost, and everybody has their rights. The text says why."""


class Replacement:
    """One queue with its party, both by the names of `wanted`; `accounts` are those that exist.

    `connection` is the administrator's, to the virtual host of the parties.
    """

    def __init__(
        self,
        management: Management,
        connection: AbstractConnection,
        wanted: Topology,
        queue: str,
        accounts: Collection[str],
    ) -> None:
        self._management = management
        self._connection = connection
        self._queue = next(each for each in wanted.queues if each.name == queue)
        self._binding = next(each for each in wanted.bindings if each.queue == queue)
        rights = [row for row in wanted.permissions if row.vhost == self._queue.vhost and row.user in accounts]
        party = queue.rpartition(".")[0]
        self._party = next((row for row in rights if row.user == party), None)
        self._reader = next((row for row in rights if row.user in SERVICES and re.search(row.read, queue)), None)

    async def of_what_a_party_fills(self, patience: float) -> None:
        """Waits until the service has emptied the queue, and makes it anew.

        Raises StillInUseError when that takes longer than `patience` seconds.
        """
        try:
            if self._party:
                await self._keep_out(self._party, write=_NOTHING)
            await self._wait_until_handled(patience)
        except BaseException:
            await self._let_in()
            raise
        await self._make_anew()
        await self._bind()
        await self._let_in()

    async def of_what_a_party_reads(self, *, is_outdated: bool) -> None:
        """Moves what is in the queue, or in its holding queue, into one that is as the code says.

        Raises StillInUseError when something in the queue cannot be moved.
        """
        name, holding = self._queue.name, holding_queue(self._queue.name)
        if is_outdated:
            try:
                await self._unbind()
                if self._party:
                    await self._keep_out(self._party, read=_NOTHING)
                await self._declare(holding, outbound_queue())
                await self._move_all(name, holding)
            except BaseException:
                await self._bind()
                await self._let_in()
                raise
            await self._make_anew()
        try:
            await self._move_all(holding, name)
            await self._management.delete("queues", self._queue.vhost, holding)
        except DeliveryError:
            raise StillInUseError(f"it is full, the rest waits in {holding}; have the party read it") from None
        finally:
            await self._bind()
            await self._let_in()

    async def _wait_until_handled(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while True:
            ready, _ = await counts(self._connection, self._queue.name)
            if not ready and await self._is_empty_without_reader():
                return
            if time.monotonic() > deadline:
                raise StillInUseError(await self._what_is_in(self._queue.name))
            await asyncio.sleep(_PAUSE)

    async def _is_empty_without_reader(self) -> bool:
        """Whether nothing is in the queue once its service has given back what it has in hand.

        If so, the service stays kept out until the queue is made anew.
        """
        if self._reader:
            others = self._reader.read.removeprefix("^")
            await self._put(replace(self._reader, read=rf"^(?!{re.escape(self._queue.name)}$){others}"))
        if await self._becomes_empty(self._queue.name):
            return True
        # The service only: a channel of the party would remember that it may write.
        if self._reader:
            await self._put(self._reader)
        return False

    async def _move_all(self, source: str, target: str) -> None:
        deadline = time.monotonic() + _SETTLING
        while True:
            moved = await move(self._connection, source, target)
            if not moved and await self._becomes_empty(source):
                return
            if not moved and time.monotonic() > deadline:
                raise StillInUseError(await self._what_is_in(source))

    async def _becomes_empty(self, queue: str) -> bool:
        """Whether the queue is found empty, without anybody who reads it, in several looks one after the other."""
        looks, deadline = 0, time.monotonic() + _SETTLING
        while looks < _LOOKS:
            await self._end_consumers(queue)
            ready, consumers = await counts(self._connection, queue)
            if (ready and not consumers) or time.monotonic() > deadline:
                return False
            looks = looks + 1 if not ready and not consumers and await self._counts_nothing(queue) else 0
            await asyncio.sleep(_PAUSE)
        return True

    async def _counts_nothing(self, queue: str) -> bool:
        row = await self._row(queue)
        return not row.get("messages") and not row.get("messages_dlx")

    async def _what_is_in(self, queue: str) -> str:
        if stuck := (await self._row(queue)).get("messages_dlx"):
            return f"{stuck} of its messages stand in the broker's dead-letter worker; see docs/running.md"
        ready, _ = await counts(self._connection, queue)
        what = "1 message of it is" if ready == 1 else f"{ready or 'some'} messages of it are"
        return f"{what} not handled; see whether its service is ready"

    async def _row(self, queue: str) -> dict[str, Any]:
        row: dict[str, Any] = await self._management.get("queues", self._queue.vhost, queue)
        return row

    async def _end_consumers(self, queue: str) -> None:
        """Ends the connections on which this queue is consumed, which gives back what they have in hand."""
        for row in await self._management.get("consumers", self._queue.vhost):
            # The details of a channel that has just ended are empty.
            if row["queue"]["name"] == queue and (channel := row["channel_details"]):
                await self._management.delete("connections", channel["connection_name"])

    async def _keep_out(self, permission: Permission, **instead: str) -> None:
        """Gives the account these rights instead, and ends its connections: a channel remembers what it may do."""
        await self._put(replace(permission, **instead))
        before = await self._connections_of(permission.user)
        await self._management.delete("connections", "username", permission.user)
        deadline = time.monotonic() + _SETTLING
        while before & await self._connections_of(permission.user):
            if time.monotonic() > deadline:
                raise StillInUseError(f"the connections of {permission.user} do not end")
            await asyncio.sleep(_PAUSE)

    async def _connections_of(self, user: str) -> set[str]:
        return {row["name"] for row in await self._management.find("connections", "username", user) or ()}

    async def _let_in(self) -> None:
        """Gives party and service the rights that the code gives them."""
        for permission in (self._reader, self._party):
            if permission:
                await self._put(permission)

    async def _put(self, permission: Permission) -> None:
        body = {right: getattr(permission, right) for right in ("configure", "write", "read")}
        await self._management.put("permissions", permission.vhost, permission.user, body=body)

    async def _make_anew(self) -> None:
        await self._management.delete("queues", self._queue.vhost, self._queue.name)
        await self._declare(self._queue.name, self._queue.arguments)

    async def _declare(self, name: str, arguments: Arguments) -> None:
        body = {"durable": True, "auto_delete": False, "arguments": dict(arguments)}
        await self._management.put("queues", self._queue.vhost, name, body=body)

    async def _bind(self) -> None:
        body = {"routing_key": self._binding.routing_key, "arguments": {}}
        await self._management.post(*self._binding_path, body=body)

    async def _unbind(self) -> None:
        await self._management.delete(*self._binding_path, self._binding.routing_key)

    @property
    def _binding_path(self) -> tuple[str, ...]:
        return ("bindings", self._binding.vhost, "e", self._binding.exchange, "q", self._queue.name)
