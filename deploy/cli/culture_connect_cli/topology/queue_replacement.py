"""Replacement of one queue of an external client.

A quorum queue cannot be deleted on condition that it is empty. So its publisher is blocked first, in a way in which it
keeps its messages: a client loses its write permission, a service its binding. Both come back with the new queue; after
a killed run `topology apply` restores them.
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
    Arguments,
    Permission,
    Topology,
    holding_queue,
    outbound_queue,
)
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.services import SERVICES
from culture_connect_cli.topology.messages import move_messages, queue_counts

_NO_PERMISSION: Final = "^$"
_PAUSE: Final = 0.2  # seconds between two polls
_EMPTY_POLLS: Final = 3  # in a row, since the broker also reports 0 for a queue that does not answer in time
_STATISTICS_DELAY: Final = 12.0  # seconds; the management API's counts are up to five seconds old


class QueueInUseError(BrokerError):
    """The queue does not become empty. No message is lost and all permissions are restored. The text says why."""


class QueueReplacement:
    """The replacement of `queue` as in `wanted`; `accounts` are those that exist on the broker.

    `connection` is the administrator's, to the virtual host of the external clients.
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
        permissions = [row for row in wanted.permissions if row.vhost == self._queue.vhost and row.user in accounts]
        client = queue.rpartition(".")[0]
        self._client = next((row for row in permissions if row.user == client), None)
        self._service = next((row for row in permissions if row.user in SERVICES and re.search(row.read, queue)), None)

    async def replace_inbound(self, drain_timeout: float) -> None:
        """Replaces an inbound queue after its service has emptied it.

        Raises QueueInUseError when that takes longer than `drain_timeout` seconds.
        """
        try:
            if self._client:
                await self._block(self._client, write=_NO_PERMISSION)
            await self._wait_until_drained(drain_timeout)
        except BaseException:
            await self._restore_permissions()
            raise
        await self._recreate()
        await self._bind()
        await self._restore_permissions()

    async def replace_outbound(self, *, is_outdated: bool) -> None:
        """Replaces an outbound queue and moves its messages, or those of its holding queue, into the new one.

        Raises QueueInUseError when messages cannot be moved.
        """
        name, holding = self._queue.name, holding_queue(self._queue.name)
        if is_outdated:
            try:
                await self._unbind()
                if self._client:
                    await self._block(self._client, read=_NO_PERMISSION)
                await self._declare(holding, outbound_queue())
                await self._move_all(name, holding)
            except BaseException:
                await self._bind()
                await self._restore_permissions()
                raise
            await self._recreate()
        try:
            await self._move_all(holding, name)
            await self._management.delete("queues", self._queue.vhost, holding)
        except DeliveryError:
            raise QueueInUseError(f"it is full, the rest waits in {holding}; have the client read it") from None
        finally:
            await self._bind()
            await self._restore_permissions()

    async def _wait_until_drained(self, drain_timeout: float) -> None:
        deadline = time.monotonic() + drain_timeout
        while True:
            ready, _ = await queue_counts(self._connection, self._queue.name)
            if not ready and await self._is_empty_without_reader():
                return
            if time.monotonic() > deadline:
                raise QueueInUseError(await self._contents(self._queue.name))
            await asyncio.sleep(_PAUSE)

    async def _is_empty_without_reader(self) -> bool:
        """True when the queue is empty after its service has returned its unacknowledged messages.

        If so, the service stays blocked until the queue is replaced.
        """
        if self._service:
            others = self._service.read.removeprefix("^")
            await self._put(replace(self._service, read=rf"^(?!{re.escape(self._queue.name)}$){others}"))
        if await self._becomes_empty(self._queue.name):
            return True
        # Not the client: its channel would remember that it may write.
        if self._service:
            await self._put(self._service)
        return False

    async def _move_all(self, source: str, target: str) -> None:
        deadline = time.monotonic() + _STATISTICS_DELAY
        while True:
            moved = await move_messages(self._connection, source, target)
            if not moved and await self._becomes_empty(source):
                return
            if not moved and time.monotonic() > deadline:
                raise QueueInUseError(await self._contents(source))

    async def _becomes_empty(self, queue: str) -> bool:
        """True when the queue is empty and without consumers in several polls in a row."""
        empty_polls, deadline = 0, time.monotonic() + _STATISTICS_DELAY
        while empty_polls < _EMPTY_POLLS:
            await self._close_consumers(queue)
            ready, consumers = await queue_counts(self._connection, queue)
            if (ready and not consumers) or time.monotonic() > deadline:
                return False
            empty_polls = empty_polls + 1 if not ready and not consumers and await self._is_reported_empty(queue) else 0
            await asyncio.sleep(_PAUSE)
        return True

    async def _is_reported_empty(self, queue: str) -> bool:
        row = await self._row(queue)
        return not row.get("messages") and not row.get("messages_dlx")

    async def _contents(self, queue: str) -> str:
        if stuck := (await self._row(queue)).get("messages_dlx"):
            return f"{stuck} of its messages stand in the broker's dead-letter worker; see docs/running.md"
        ready, _ = await queue_counts(self._connection, queue)
        what = "1 message of it is" if ready == 1 else f"{ready or 'some'} messages of it are"
        return f"{what} not handled; see whether its service is ready"

    async def _row(self, queue: str) -> dict[str, Any]:
        row: dict[str, Any] = await self._management.get("queues", self._queue.vhost, queue)
        return row

    async def _close_consumers(self, queue: str) -> None:
        """Closes the connections that consume the queue, which returns their unacknowledged messages."""
        for row in await self._management.get("consumers", self._queue.vhost):
            # The details of a channel that has just closed are empty.
            if row["queue"]["name"] == queue and (channel := row["channel_details"]):
                await self._management.delete("connections", channel["connection_name"])

    async def _block(self, permission: Permission, **instead: str) -> None:
        """Gives the account other permissions and closes its connections, since a channel caches permissions."""
        await self._put(replace(permission, **instead))
        before = await self._connections_of(permission.user)
        await self._management.delete("connections", "username", permission.user)
        deadline = time.monotonic() + _STATISTICS_DELAY
        while before & await self._connections_of(permission.user):
            if time.monotonic() > deadline:
                raise QueueInUseError(f"the connections of {permission.user} do not end")
            await asyncio.sleep(_PAUSE)

    async def _connections_of(self, user: str) -> set[str]:
        return {row["name"] for row in await self._management.find("connections", "username", user) or ()}

    async def _restore_permissions(self) -> None:
        """Gives client and service the permissions in the code."""
        for permission in (self._service, self._client):
            if permission:
                await self._put(permission)

    async def _put(self, permission: Permission) -> None:
        body = {right: getattr(permission, right) for right in ("configure", "write", "read")}
        await self._management.put("permissions", permission.vhost, permission.user, body=body)

    async def _recreate(self) -> None:
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
