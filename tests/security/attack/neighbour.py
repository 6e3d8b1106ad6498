"""Somebody else who just uses the system: a partner that enrols, and a participant who looks at their page."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Final
from uuid import uuid4

import aio_pika
import httpx

from culture_connect_cli.accounts import Credentials
from tests.storm.external_clients import ConfirmedSender, QueueReader

PARTNER: Final = "neighbour"
_EVERY: Final = 1.0  # seconds between two enrolments, and between two looks at the page
_TIMEOUT: Final = 20.0  # seconds after which a look counts as unanswered


@dataclass
class Experience:
    """Seconds that each enrolment took until its receipt, each look until its answer; `failed` are other endings."""

    receipts: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


class Neighbour:
    """Works while the block of `working` runs; `experience` is what they met so far."""

    def __init__(self, account: Credentials, page_urls: list[str], client: httpx.AsyncClient) -> None:
        self.reader = QueueReader(account)
        self.sent: dict[str, float] = {}
        self.experience = Experience()
        self._sender = ConfirmedSender(account)
        self._pages = cycle(page_urls)
        self._client = client
        self._numbers = count()

    async def work(self, stop: asyncio.Event) -> None:
        """Enrols one person and opens the page once, every second, until told to stop."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                group.create_task(self._enrol())
                group.create_task(self._look())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _EVERY)

    def measure(self) -> Experience:
        """Returns the measurements since the last call; enrolments without a receipt yet are those of the next."""
        experience, self.experience = self.experience, Experience()
        for received in self.reader.received.values():
            if (began := self.sent.pop(received.data.get("message_id", ""), None)) is not None:
                if received.type == "nl.cultureconnect.enrolment.accepted.v1":
                    experience.receipts.append(received.at - began)
                else:
                    experience.failed["refused"] += 1
        return experience

    async def _enrol(self) -> None:
        number, id_ = next(self._numbers), str(uuid4())
        data = {
            "employee_ref": f"n-{number}",
            "given_name": "Nora",
            "family_name": f"Nabuur {number}",
            "email": f"n{number}@neighbour.example",
        }
        message = aio_pika.Message(
            json.dumps(data).encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=id_,
            type="enrolment.requested",
        )
        self.sent[id_] = time.monotonic()
        await self._sender.send(message)

    async def _look(self) -> None:
        began = time.monotonic()
        try:
            answer = await self._client.get(next(self._pages), timeout=_TIMEOUT)
        except httpx.HTTPError as error:
            self.experience.failed[f"page: {type(error).__name__}"] += 1
            return
        self.experience.pages.append(time.monotonic() - began)
        if answer.status_code != httpx.codes.OK:
            self.experience.failed[f"page: {answer.status_code}"] += 1
