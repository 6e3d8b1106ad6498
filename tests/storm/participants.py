"""Participants: they give tickets up, ask for seats, one by one and all at the same moment."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg

from tests.storm.api import Desk
from tests.storm.deployment import Deployment
from tests.storm.programme import Planned, Programme

_RUSH: Final = 24  # people who ask at the same moment, for a quarter of as many seats
_BETWEEN_RUSHES: Final = 12.0  # seconds
_LINKS: Final = """
    select ticket_id::text, details ->> 'link' as link from notifications.tickets
    where standing = 'issued' and details ->> 'link' is not null order by random() limit 1
"""


class Guests:
    """`declined` are tickets whose end was confirmed to them, `places` what they were told they have."""

    def __init__(self, deployment: Deployment, desk: Desk, token: str, dice: random.Random) -> None:
        self.declined: list[str] = []
        self.places: list[dict[str, Any]] = []
        self._deployment = deployment
        self._desk = desk
        self._token = token
        self._dice = dice

    async def work(self, stop: asyncio.Event, programme: Programme, people: Callable[[], Sequence[str]]) -> None:
        """Declines and asks, one by one, until told to stop; `people` are the ids of participants."""
        while not stop.is_set():
            await asyncio.sleep(self._dice.uniform(0.3, 1.2))
            known, chance = people(), self._dice.random()
            on_request = [evening for evening in programme.open if evening.on_request]
            if chance < 0.45:
                await self._decline()
            elif known and on_request:
                await self._ask(self._dice.choice(on_request), self._dice.choice(known))

    async def rush(self, stop: asyncio.Event, programme: Programme, people: Callable[[], Sequence[str]]) -> None:
        """Again and again many ask for few seats at the same moment, at whichever replica."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _BETWEEN_RUSHES)
            known = people()
            if len(known) >= _RUSH:
                evening = await programme.schedule(capacity=_RUSH // 4, on_request=True)
                await self._heard_of(evening)
                chosen = self._dice.sample(known, _RUSH)
                await asyncio.gather(*(self._ask(evening, participant) for participant in chosen))

    async def _ask(self, evening: Planned, participant_id: str) -> None:
        body = {"participant_id": participant_id}
        answer = await self._desk.post("ticketing", f"/evenings/{evening.id}/tickets", body, as_=self._token)
        # Who left meanwhile, or asks for what was called off, is refused.
        if answer.is_success:
            self.places.append(answer.json())

    async def _decline(self) -> None:
        """On the personal page of somebody who has a ticket, found by the link in their letter."""
        try:
            async with self._deployment.session() as session:
                row = await session.fetchrow(_LINKS, timeout=5)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            return  # the database is what is broken just now
        if row is None:
            return
        secret = row["link"].rpartition("/")[2]
        answer = await self._desk.post("ticketing", f"/tickets/{row['ticket_id']}/decline", as_=secret)
        if answer.is_success and answer.json()["state"] == "cancelled":
            self.declined.append(row["ticket_id"])

    async def _heard_of(self, evening: Planned) -> None:
        """Until ticketing has heard of it: before, nobody can ask."""
        for _ in range(60):
            answer = await self._desk.request("GET", "ticketing", f"/evenings/{evening.id}", as_=self._token)
            if answer.is_success:
                return
            await asyncio.sleep(0.5)
