"""The scenario of the demo: steps that each wait until every client has received what it should."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

from culture_connect.contracts import Venue
from culture_connect_cli.accounts import Credentials
from culture_connect_cli.demo.external_clients import BoxOffice, HrSystem
from culture_connect_cli.demo.http_clients import Mailbox, ProgrammeTeam
from culture_connect_cli.demo.participant import Participant
from culture_connect_cli.demo.sample_data import PARTNERS, PEOPLE

STEP_TIMEOUT = 90.0  # seconds for a step to arrive everywhere
_POLL = 0.1  # seconds between two polls

NO_SEATS = {"capacity": 0, "issued": 0, "admitted": 0, "waiting": 0}


class Scenario:
    """The clients, what they received so far, and what did not arrive within `step_timeout` seconds."""

    def __init__(
        self,
        credentials: Mapping[str, Credentials],
        team: ProgrammeTeam,
        mailbox: Mailbox,
        participant: Participant,
        *,
        step_timeout: float = STEP_TIMEOUT,
    ) -> None:
        self.systems = {partner.slug: HrSystem(credentials[f"hr.{partner.slug}"]) for partner in PARTNERS}
        self.offices = {venue.value: BoxOffice(credentials[f"box-office.{venue.value}"]) for venue in Venue}
        self.evenings: list[dict[str, Any]] = []
        self.seats: dict[str, dict[str, Any]] = {}
        self.letters: list[dict[str, Any]] = []
        self.step = "The clients connect"
        self.log: list[str] = []
        self.missing: list[str] = []
        self._team = team
        self._mailbox = mailbox
        self._participant = participant
        self._step_timeout = step_timeout
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for client in (*self.systems.values(), *self.offices.values()):
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def play(self) -> None:
        """Runs all steps; `missing` then says what did not arrive in time."""
        await self._enrol()
        await self._schedule()
        await self._withdraw()
        await self._give_up_ticket()
        await self._admit()
        for evening in self.evenings:
            await self._is_allocated(evening)
        self.step = "The season was played"

    async def _enrol(self) -> None:
        self._begin(f"{len(PARTNERS)} partners' HR systems enrol {PEOPLE} people over AMQP")
        for partner in PARTNERS:
            await self._team.register(partner)
        await asyncio.gather(*(self.systems[partner.slug].enrol(partner.people) for partner in PARTNERS))
        for name, system in self.systems.items():
            await self._wait_for(partial(_all_answered, system), f"a receipt for every message of {name}")
            if refused := system.outcomes["refused"]:
                self.missing.append(f"{name}: {refused} enrolments were refused")

    async def _schedule(self) -> None:
        self._begin("The programme team schedules two evenings over HTTP; everyone gets a seat or a place in the line")
        self.evenings = await self._team.schedule()
        for evening in self.evenings:
            await self._wait_for(partial(self._is_allocated, evening), f"seats for {_title(evening)}")
            await self._wait_for(partial(self._tickets_arrived, evening), f"the tickets at {evening['venue']}")
        await self._wait_for(self._everyone_has_letters, "a letter for every seat and every place in the line")

    async def _withdraw(self) -> None:
        full = self.evenings[-1]
        office = self.offices[full["venue"]]
        partner, person = self._ticket_holder(full)
        if partner is None or person is None:
            self.missing.append(f"a holder of a ticket for {_title(full)}")
            return
        before, letters = len(office.tickets), await self._promotion_letters(full)
        waiting = self.seats[full["evening_id"]]["waiting"]
        self._begin(f"{partner} withdraws someone who had a seat for {_title(full)}: the first in the line gets it")
        await self.systems[partner].withdraw(person["employee_ref"])
        await self._wait_for(lambda: self._moved_up(full, waiting), "the waiting line to move up")
        await self._wait_for(lambda: len(office.tickets) > before, f"the new ticket at {full['venue']}")
        await self._wait_for(lambda: self._got_promotion_letter(full, letters), "the letter of whoever moved up")

    async def _give_up_ticket(self) -> None:
        full = self.evenings[-1]
        office = self.offices[full["venue"]]
        _, person = self._ticket_holder(full)
        if person is None:
            self.missing.append(f"a holder of a ticket for {_title(full)}")
            return
        before, waiting = len(office.tickets), self.seats[full["evening_id"]]["waiting"]
        self._begin(f"Someone opens the page behind the link in their letter: they cannot come to {_title(full)}")
        if not await self._participant.give_up_ticket(person["email"], full):
            self.missing.append("a letter with a page on which a ticket can be given up")
            return
        await self._wait_for(lambda: self._moved_up(full, waiting), "the next in the line")
        await self._wait_for(lambda: len(office.tickets) > before, f"their ticket at {full['venue']}")

    async def _admit(self) -> None:
        evening = self.evenings[0]
        office = self.offices[evening["venue"]]
        tickets = office.valid_tickets(evening["evening_id"])
        if not tickets:
            self.missing.append(f"a ticket to scan at {evening['venue']}")
            return
        ticket = tickets[0]
        self._begin(f"The door of {evening['venue']} reads one ticket twice")
        now = datetime.now(UTC).isoformat()
        await office.scan(evening["evening_id"], ticket["code"], now)
        await self._wait_for(lambda: office.tickets[ticket["ticket_id"]]["state"] == "admitted", "the admission")
        again = await office.scan(evening["evening_id"], ticket["code"], now)
        await self._wait_for(lambda: again in office.refused_scans, "the refusal of the second scan")

    def _begin(self, step: str) -> None:
        self.step = step
        self.log.append(step)

    async def _wait_for(self, condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
        """Polls the condition; after the timeout it is noted as missing and the scenario goes on."""
        started = time.monotonic()
        while time.monotonic() - started < self._step_timeout:
            holds = condition()
            if await holds if inspect.isawaitable(holds) else holds:
                self.log.append(f"  {what}: there after {time.monotonic() - started:.1f} s")
                return
            await asyncio.sleep(_POLL)
        self.missing.append(what)

    async def _is_allocated(self, evening: dict[str, Any]) -> bool:
        seats = await self._team.seats(evening["evening_id"])
        self.seats[evening["evening_id"]] = seats
        allocated: int = seats["issued"] + seats["waiting"]
        return allocated >= PEOPLE

    def _tickets_arrived(self, evening: dict[str, Any]) -> bool:
        tickets = self.offices[evening["venue"]].valid_tickets(evening["evening_id"])
        return len(tickets) == int(self.seats[evening["evening_id"]]["issued"])

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

    async def _promotion_letters(self, evening: dict[str, Any]) -> int:
        return await self._team.letters(evening["evening_id"], "ticket-promoted")

    async def _got_promotion_letter(self, evening: dict[str, Any], letters: int) -> bool:
        self.letters = await self._mailbox.letters()
        return await self._promotion_letters(evening) > letters

    def _ticket_holder(self, evening: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
        """Partner and employee of a valid ticket, found at the box office, since HR does not know who has one."""
        tickets = self.offices[evening["venue"]].valid_tickets(evening["evening_id"])
        holders = {(ticket["holder_name"], ticket["partner_name"]) for ticket in tickets}
        for partner in PARTNERS:
            for person in partner.people:
                if (f"{person['given_name']} {person['family_name']}", partner.name) in holders:
                    return partner.slug, person
        return None, None


def _all_answered(system: HrSystem) -> bool:
    return system.unanswered == 0


def _title(evening: dict[str, Any]) -> str:
    return f"“{evening['title']['en']}”"
