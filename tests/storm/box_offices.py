"""Box offices: they read what is told of their tickets, and scan codes over the bus and over HTTP."""

import asyncio
import json
import random
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import aio_pika

from culture_connect_cli.accounts import Credentials
from tests.storm.api import Desk
from tests.storm.external_clients import ConfirmedSender, QueueReader

_PACE: Final = 0.7  # scans a second
_AGAIN: Final = 0.2  # part of the scans that is of the code of the one before
_TICKETS: Final = ("ticket.issued", "ticket.cancelled", "ticket.admitted")


class BoxOffice:
    """One venue's. `scanned` are the ids of scans on the bus, `told` the answers over HTTP by scan id."""

    def __init__(self, venue: str, account: Credentials, desk: Desk, token: str, dice: random.Random) -> None:
        self.venue = venue
        self.reader = QueueReader(account)
        self.scanned: list[str] = []
        self.told: dict[str, dict[str, Any]] = {}
        self._account = account
        self._desk = desk
        self._token = token
        self._dice = dice

    async def work(self, stop: asyncio.Event) -> None:
        """Scans until told to stop; every now and then the reader pauses for some seconds."""
        last: dict[str, Any] | None = None
        async with ConfirmedSender(self._account) as sender:
            while not stop.is_set():
                await asyncio.sleep(self._dice.expovariate(_PACE))
                issued = self.reader.of("ticket.issued")
                if not issued:
                    continue
                if last is None or self._dice.random() >= _AGAIN:
                    last = self._dice.choice(issued[-200:]).data
                await self._scan(sender, last)

    def tickets(self) -> dict[str, tuple[int, str]]:
        """Returns the newest version received of each ticket, and its data."""
        known: dict[str, tuple[int, str]] = {}
        for type_ in _TICKETS:
            for received in self.reader.of(type_):
                ticket, version = received.data["ticket_id"], received.data["version"]
                known[ticket] = max(known.get(ticket, (0, "")), (version, type_.partition(".")[2]))
        return known

    async def _scan(self, sender: ConfirmedSender, ticket: dict[str, Any]) -> None:
        scan = {
            "scan_id": str(uuid4()),
            "evening_id": ticket["evening_id"],
            "code": ticket["code"],
            "scanned_at": datetime.now(UTC).isoformat(),
            "scanner": f"door {self._dice.randint(1, 3)}",
        }
        if self._dice.random() < 0.4:
            answer = await self._desk.post("ticketing", "/admissions", scan, as_=self._token)
            assert answer.is_success, answer.text
            self.told[scan["scan_id"]] = answer.json()
            return
        self.scanned.append(scan["scan_id"])
        await sender.send(
            aio_pika.Message(
                json.dumps(scan).encode(),
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=scan["scan_id"],
                type="admission.recorded",
            )
        )
