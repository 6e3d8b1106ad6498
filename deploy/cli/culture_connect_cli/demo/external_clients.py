"""External clients as others would write them: AMQP, JSON, the contract, and nothing of this project."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Self
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from culture_connect_cli.accounts import Credentials


class ExternalClient:
    """A connection with the client's account; messages of its queue go to `_on_message`."""

    def __init__(self, credentials: Credentials) -> None:
        self.name = credentials.username
        self._credentials = credentials

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect_robust(self._credentials.url)
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=100)
        self._exchange = await channel.get_exchange(self._credentials.exchange, ensure=False)
        queue = await channel.get_queue(self._credentials.queue, ensure=False)
        await queue.consume(self._receive)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def _send(self, type_: str, data: dict[str, Any]) -> str:
        """Publishes a minimal message of the contract; returns its id after the broker's confirm."""
        message_id = str(uuid4())
        message = aio_pika.Message(
            json.dumps(data).encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message_id,
            type=type_,
        )
        await self._exchange.publish(message, self._credentials.routing_key)
        return message_id

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        type_ = str(message.headers["ce-type"]).removeprefix("nl.cultureconnect.").removesuffix(".v1")
        self._on_message(type_, json.loads(message.body))
        await message.ack()

    def _on_message(self, type_: str, data: dict[str, Any]) -> None:
        raise NotImplementedError


class HrSystem(ExternalClient):
    """A partner's HR system: sends enrolments and keeps the receipt of every message."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.sent: set[str] = set()
        self.receipts: dict[str, str] = {}
        self.refusals: list[dict[str, Any]] = []

    async def enrol(self, people: Iterable[dict[str, Any]]) -> None:
        """Sends a message for each person, without waiting for receipts."""
        await asyncio.gather(*(self._send_and_keep("enrolment.requested", person) for person in people))

    async def withdraw(self, employee_ref: str) -> None:
        """Sends the withdrawal of an employee."""
        await self._send_and_keep("enrolment.withdrawn", {"employee_ref": employee_ref})

    @property
    def unanswered(self) -> int:
        """The number of messages without a receipt."""
        return len(self.sent - self.receipts.keys())

    @property
    def outcomes(self) -> Counter[str]:
        """The number of messages by outcome."""
        return Counter(self.receipts[each] for each in self.sent & self.receipts.keys())

    async def _send_and_keep(self, type_: str, data: dict[str, Any]) -> None:
        self.sent.add(await self._send(type_, data))

    def _on_message(self, type_: str, data: dict[str, Any]) -> None:
        if type_ == "enrolment.accepted":
            self.receipts[data["message_id"]] = data["outcome"]
        elif type_ == "enrolment.refused":
            self.receipts[data["message_id"]] = "refused"
            self.refusals.append(data)


class BoxOffice(ExternalClient):
    """An institution's box office: keeps a list of its tickets from events, by version."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.evenings: dict[str, dict[str, Any]] = {}
        self.tickets: dict[str, dict[str, Any]] = {}
        self.refused_scans: dict[str, str] = {}
        self.received: Counter[str] = Counter()

    async def scan(self, evening_id: str, code: str, scanned_at: str) -> str:
        """Sends a scan at the door; returns the scan's id."""
        scan_id = str(uuid4())
        scan = {"scan_id": scan_id, "evening_id": evening_id, "code": code, "scanned_at": scanned_at}
        await self._send("admission.recorded", {**scan, "scanner": "door-1"})
        return scan_id

    def valid_tickets(self, evening_id: str) -> list[dict[str, Any]]:
        """The issued and admitted tickets of an evening."""
        return [
            ticket
            for ticket in self.tickets.values()
            if ticket["evening_id"] == evening_id and ticket["state"] in ("issued", "admitted")
        ]

    def _on_message(self, type_: str, data: dict[str, Any]) -> None:
        self.received[type_] += 1
        subject, _, state = type_.partition(".")
        if subject == "evening":
            known = self.evenings.get(data["evening_id"], {"version": 0})
            if data["version"] > known["version"]:
                self.evenings[data["evening_id"]] = data
        elif subject == "ticket":
            ticket = self.tickets.get(data["ticket_id"], {"version": 0})
            if data["version"] > ticket["version"]:
                self.tickets[data["ticket_id"]] = {**ticket, **data, "state": state}
        elif type_ == "admission.refused":
            self.refused_scans[data["scan_id"]] = data["reason"]
