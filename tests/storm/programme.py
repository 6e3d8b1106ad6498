"""The programme team: schedules evenings, changes them, calls them off, all over HTTP."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any, Final

from culture_connect.contracts import Venue
from tests.storm.api import Desk
from tests.support.system import evening_on, in_days

_FIRST_DAY: Final = 40  # days from now; a season has one evening a day
_OPEN: Final = 6  # evenings that are kept open at a time


@dataclass
class Planned:
    """An evening as the team knows it; `version` is that of the last answer, `on_request` whether one has to ask."""

    id: str
    venue: str
    capacity: int
    version: int
    on_request: bool
    cancelled: bool = False


class Programme:
    """The team; `evenings` are all it ever scheduled, by id."""

    def __init__(self, desk: Desk, token: str, dice: random.Random) -> None:
        self.evenings: dict[str, Planned] = {}
        self._desk = desk
        self._token = token
        self._dice = dice
        self._day = _FIRST_DAY

    @property
    def open(self) -> list[Planned]:
        """Those that take place."""
        return [evening for evening in self.evenings.values() if not evening.cancelled]

    async def work(self, stop: asyncio.Event, *, pace: float) -> None:
        """About `pace` things a second until told to stop."""
        while not stop.is_set():
            await asyncio.sleep(self._dice.expovariate(pace))
            if len(self.open) < _OPEN:
                await self.schedule()
            elif len(self.open) == _OPEN and self._dice.random() < 0.75:
                await self._change(self._dice.choice(self.open))
            else:
                await self._cancel(self._dice.choice(self.open))

    async def schedule(self, *, capacity: int | None = None, on_request: bool | None = None) -> Planned:
        """One more evening, on the next free day; its seats are anybody's from the beginning."""
        venue = self._dice.choice([Venue.PAARD, Venue.NDT])
        asked = self._dice.random() < 0.5 if on_request is None else on_request
        draft: dict[str, Any] = evening_on(
            in_days(self._day), venue=venue, capacity=capacity or self._dice.randint(5, 30)
        )
        draft |= {"allotments": {}, "admission": "on_request" if asked else "automatic"}
        self._day += 1
        answer = await self._desk.post("registration", "/evenings", draft, as_=self._token)
        assert answer.is_success, answer.text
        body = answer.json()
        planned = Planned(body["evening_id"], venue, body["capacity"], body["version"], asked)
        self.evenings[planned.id] = planned
        return planned

    async def _change(self, evening: Planned) -> None:
        """Capacity only grows: one that shrinks below what is held would not be oversold, and look like it."""
        change: dict[str, Any] = {"location": f"Den Haag, zaal {self._dice.randint(1, 99)}"}
        if self._dice.random() < 0.5:
            change = {"capacity": evening.capacity + self._dice.randint(1, 3)}
        answer = await self._desk.request("PATCH", "registration", f"/evenings/{evening.id}", change, as_=self._token)
        assert answer.is_success, answer.text
        evening.version, evening.capacity = answer.json()["version"], answer.json()["capacity"]

    async def _cancel(self, evening: Planned) -> None:
        answer = await self._desk.post("registration", f"/evenings/{evening.id}/cancel", as_=self._token)
        assert answer.is_success, answer.text
        evening.version, evening.cancelled = answer.json()["version"], True
