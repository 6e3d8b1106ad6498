"""The play itself: scene after scene, each waiting until everybody who should hear of it has."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

from culture_connect.contracts import Venue
from culture_connect_cli.accounts.onboarding import Credentials
from culture_connect_cli.demo.external_clients import BoxOffice, HrSystem
from culture_connect_cli.demo.http_clients import Mailbox, ProgrammeTeam
from culture_connect_cli.demo.participant import Reader
from culture_connect_cli.demo.sample_data import PARTNERS, PEOPLE

PATIENCE = 90.0  # seconds for a scene to arrive everywhere
LOOK = 0.1  # seconds between two looks

NO_SEATS = {"capacity": 0, "issued": 0, "admitted": 0, "waiting": 0}


class Season:
    """Everyone who plays, what they heard so far, and what did not arrive within `patience` seconds."""

    def __init__(
        self,
        credentials: Mapping[str, Credentials],
        team: ProgrammeTeam,
        mailbox: Mailbox,
        reader: Reader,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self.systems = {partner.slug: HrSystem(credentials[f"hr.{partner.slug}"]) for partner in PARTNERS}
        self.offices = {venue.value: BoxOffice(credentials[f"box-office.{venue.value}"]) for venue in Venue}
        self.evenings: list[dict[str, Any]] = []
        self.seats: dict[str, dict[str, Any]] = {}
        self.letters: list[dict[str, Any]] = []
        self.scene = "The parties connect"
        self.told: list[str] = []
        self.missing: list[str] = []
        self._team = team
        self._mailbox = mailbox
        self._reader = reader
        self._patience = patience
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for party in (*self.systems.values(), *self.offices.values()):
            await self._stack.enter_async_context(party)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def play(self) -> None:
        """All scenes; what did not arrive in time is in `missing` afterwards."""
        await self._enrolment()
        await self._programme()
        await self._withdrawal()
        await self._change_of_plans()
        await self._door()
        for evening in self.evenings:
            await self._decided(evening)
        self.scene = "The season was played"

    async def _enrolment(self) -> None:
        self._begin(f"{len(PARTNERS)} partners' HR systems enrol {PEOPLE} people over AMQP")
        for partner in PARTNERS:
            await self._team.register(partner)
        await asyncio.gather(*(self.systems[partner.slug].enrol(partner.people) for partner in PARTNERS))
        for name, system in self.systems.items():
            await self._until(partial(_all_answered, system), f"a receipt for every message of {name}")
            if refused := system.outcomes["refused"]:
                self.missing.append(f"{name}: {refused} enrolments were refused")

    async def _programme(self) -> None:
        self._begin("The programme team schedules two evenings over HTTP; everyone gets a seat or a place in the line")
        self.evenings = await self._team.schedule()
        for evening in self.evenings:
            await self._until(partial(self._decided, evening), f"seats for {_title(evening)}")
            await self._until(partial(self._heard, evening), f"the tickets at {evening['venue']}")
        await self._until(self._everyone_has_letters, "a letter for every seat and every place in the line")

    async def _withdrawal(self) -> None:
        full = self.evenings[-1]
        office = self.offices[full["venue"]]
        partner, person = self._someone_with_a_seat(full)
        if partner is None or person is None:
            self.missing.append(f"a holder of a ticket for {_title(full)}")
            return
        before, letters = len(office.tickets), await self._promoted(full)
        waiting = self.seats[full["evening_id"]]["waiting"]
        self._begin(f"{partner} withdraws someone who had a seat for {_title(full)}: the first in the line gets it")
        await self.systems[partner].withdraw(person["employee_ref"])
        await self._until(lambda: self._moved_up(full, waiting), "the waiting line to move up")
        await self._until(lambda: len(office.tickets) > before, f"the new ticket at {full['venue']}")
        await self._until(lambda: self._more_promoted(full, letters), "the letter of whoever moved up")

    async def _change_of_plans(self) -> None:
        full = self.evenings[-1]
        office = self.offices[full["venue"]]
        _, person = self._someone_with_a_seat(full)
        if person is None:
            self.missing.append(f"a holder of a ticket for {_title(full)}")
            return
        before, waiting = len(office.tickets), self.seats[full["evening_id"]]["waiting"]
        self._begin(f"Someone opens the page behind the link in their letter: they cannot come to {_title(full)}")
        if not await self._reader.cannot_come(person["email"], full):
            self.missing.append("a letter with a page on which a ticket can be given up")
            return
        await self._until(lambda: self._moved_up(full, waiting), "the next in the line")
        await self._until(lambda: len(office.tickets) > before, f"their ticket at {full['venue']}")

    async def _door(self) -> None:
        evening = self.evenings[0]
        office = self.offices[evening["venue"]]
        holding = office.holding(evening["evening_id"])
        if not holding:
            self.missing.append(f"a ticket to scan at {evening['venue']}")
            return
        ticket = holding[0]
        self._begin(f"The door of {evening['venue']} reads one ticket twice")
        now = datetime.now(UTC).isoformat()
        await office.scan(evening["evening_id"], ticket["code"], now)
        await self._until(lambda: office.tickets[ticket["ticket_id"]]["state"] == "admitted", "the admission")
        again = await office.scan(evening["evening_id"], ticket["code"], now)
        await self._until(lambda: again in office.refused_scans, "the refusal of the second scan")

    def _begin(self, scene: str) -> None:
        self.scene = scene
        self.told.append(scene)

    async def _until(self, condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
        """Looks until the condition holds; after some patience it is noted as missing and the play goes on."""
        started = time.monotonic()
        while time.monotonic() - started < self._patience:
            holds = condition()
            if await holds if inspect.isawaitable(holds) else holds:
                self.told.append(f"  {what}: there after {time.monotonic() - started:.1f} s")
                return
            await asyncio.sleep(LOOK)
        self.missing.append(what)

    async def _decided(self, evening: dict[str, Any]) -> bool:
        seats = await self._team.seats(evening["evening_id"])
        self.seats[evening["evening_id"]] = seats
        decided: int = seats["issued"] + seats["waiting"]
        return decided >= PEOPLE

    def _heard(self, evening: dict[str, Any]) -> bool:
        holding = self.offices[evening["venue"]].holding(evening["evening_id"])
        return len(holding) == int(self.seats[evening["evening_id"]]["issued"])

    async def _everyone_has_letters(self) -> bool:
        self.letters = await self._mailbox.letters()
        for evening_id, seats in self.seats.items():
            if await self._team.letters(evening_id, "ticket-issued") < seats["issued"]:
                return False
            if await self._team.letters(evening_id, "ticket-waitlisted") < seats["waiting"]:
                return False
        return True

    async def _moved_up(self, evening: dict[str, Any], waiting: int) -> bool:
        self.seats[evening["evening_id"]] = await self._team.seats(evening["evening_id"])
        return bool(self.seats[evening["evening_id"]]["waiting"] < waiting)

    async def _promoted(self, evening: dict[str, Any]) -> int:
        return await self._team.letters(evening["evening_id"], "ticket-promoted")

    async def _more_promoted(self, evening: dict[str, Any], letters: int) -> bool:
        self.letters = await self._mailbox.letters()
        return await self._promoted(evening) > letters

    def _someone_with_a_seat(self, evening: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
        """HR does not know who has a seat, the box office does: by name and partner."""
        holding = self.offices[evening["venue"]].holding(evening["evening_id"])
        holders = {(ticket["holder_name"], ticket["partner_name"]) for ticket in holding}
        for partner in PARTNERS:
            for person in partner.people:
                if (f"{person['given_name']} {person['family_name']}", partner.name) in holders:
                    return partner.slug, person
        return None, None


def _all_answered(system: HrSystem) -> bool:
    return system.unanswered == 0


def _title(evening: dict[str, Any]) -> str:
    return f"“{evening['title']['en']}”"
