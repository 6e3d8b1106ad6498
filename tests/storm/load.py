"""Everybody who uses the system while it is broken."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any, Final, Self

import httpx

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import (
    ADMISSION_KEY,
    box_office_account,
    enrolments_queue,
    receipts_queue,
    tickets_queue,
)
from culture_connect_cli.accounts import Credentials, add_account
from tests.storm.api import Desk
from tests.storm.box_offices import BoxOffice
from tests.storm.deployment import Deployment
from tests.storm.employees import Staff, Style
from tests.storm.external_clients import QueueReader
from tests.storm.findings import RUN, Findings
from tests.storm.hr import HrSystem
from tests.storm.participants import Guests
from tests.storm.programme import Programme
from tests.support.probes import until
from tests.support.system import in_days
from tests.support.tasks import end

PARTNERS: Final[dict[str, Style]] = {"acme": "exact", "zeebank": "seconds", "haven": "none", "atelier": "exact"}
_GONE: Final = ("withdrawn", "erased")
_VENUES: Final = (Venue.PAARD, Venue.NDT)
_EVENINGS: Final = 3  # that are there before the load begins
_ENDING: Final = 60.0  # seconds for everybody to finish what they are at
_ABSENT: Final = 25.0  # seconds for which a reader stays away, and between two absences


@dataclass
class Load:
    """The external clients, the programme team and the participants; `stop` ends what they do."""

    systems: Sequence[HrSystem]
    offices: Sequence[BoxOffice]
    programme: Programme
    guests: Guests
    desk: Desk
    dice: random.Random
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def prepared(
        cls, deployment: Deployment, client: httpx.AsyncClient, seed: int, *, people: int, pace: float
    ) -> Self:
        """Partners and box offices have their accounts, and some evenings are planned."""
        dice = random.Random(f"load {seed}")
        desk, tokens = Desk(deployment, client, dice), deployment.stack.tokens
        systems = []
        for partner, style in PARTNERS.items():
            await _register(desk, tokens["programme"], partner)
            account = await add_account(deployment.stack.broker, "hr", partner)
            systems.append(HrSystem(Staff.of(partner, style, people, dice), account, pace=pace))
            for queue in (enrolments_queue(partner), receipts_queue(partner)):
                await until(partial(deployment.is_durable, queue), bool, f"{queue} to be durable", timeout=30)
        offices = [
            BoxOffice(venue, _box_office(deployment, venue), desk, tokens[f"box-office.{venue}"], dice)
            for venue in _VENUES
        ]
        programme = Programme(desk, tokens["programme"], dice)
        for _ in range(_EVENINGS):
            await programme.schedule()
        guests = Guests(deployment, desk, tokens["programme"], dice)
        return cls(systems, offices, programme, guests, desk, dice)

    @property
    def readers(self) -> list[QueueReader]:
        """Everybody who reads a queue."""
        return [*(each.reader for each in self.systems), *(each.reader for each in self.offices)]

    async def run(self, findings: Findings) -> None:
        """Until `stop`; what ends by an error before is a finding."""
        work = {
            **{f"HR of {each.staff.partner}": each.work(self.stop) for each in self.systems},
            **{f"box office of {each.venue}": each.work(self.stop) for each in self.offices},
            "programme": self.programme.work(self.stop, pace=0.3),
            "guests": self.guests.work(self.stop, self.programme, self._participants),
            "rushes": self.guests.rush(self.stop, self.programme, self._participants),
            "absent reader": self._be_absent(self.offices[-1].reader),
        }
        tasks = {name: asyncio.create_task(each, name=name) for name, each in work.items()}
        await self.stop.wait()
        await asyncio.wait(tasks.values(), timeout=_ENDING)
        for name, task in tasks.items():
            if not task.done():
                findings.add(RUN, f"{name} did not end when told to")
                await end(task)
            elif (error := task.exception()) is not None:
                findings.add(RUN, f"{name} gave up ({type(error).__name__}: {error})")

    def counts(self) -> dict[str, Any]:
        """Returns the counts of messages, letters and answers."""
        return {
            "messages of HR": sum(len(each.sent) + len(each.refused) + len(each.hopeless) for each in self.systems),
            "receipts": sum(len(each.reader.received) for each in self.systems),
            "receipts repeated": sum(each.reader.times.total() - len(each.reader.received) for each in self.systems),
            "messages to box offices": sum(len(each.reader.received) for each in self.offices),
            "messages to box offices repeated": sum(
                each.reader.times.total() - len(each.reader.received) for each in self.offices
            ),
            "scans": sum(len(each.scanned) + len(each.told) for each in self.offices),
            "evenings": len(self.programme.evenings),
            "declines": len(self.guests.declined),
            "asks": len(self.guests.places),
            "requests": self.desk.answers.total(),
        }

    def _participants(self) -> list[str]:
        """Those who take part, by the receipts of their partners."""
        received = [each.data for system in self.systems for each in system.reader.of("enrolment.accepted")]
        last = {data["employee_ref"]: data for data in received}
        return sorted(data["participant_id"] for data in last.values() if data["outcome"] not in _GONE)

    async def _be_absent(self, reader: QueueReader) -> None:
        """A box office whose reader stays away for long, again and again."""
        for turn in cycle((reader.pause, reader.resume)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), _ABSENT)
                await reader.resume()
                return
            await turn()


async def _register(desk: Desk, token: str, partner: str) -> None:
    body = {"slug": partner, "name": f"Partner {partner}", "places": 1000, "language": "nl"}
    body |= {"starts_on": str(in_days(0)), "ends_on": str(in_days(400))}
    answer = await desk.post("registration", "/partners", body, as_=token)
    assert answer.is_success, answer.text


def _box_office(deployment: Deployment, venue: str) -> Credentials:
    name = box_office_account(venue)
    account, broker = deployment.stack.accounts[name], deployment.stack.broker
    return Credentials(
        name, account["password"], broker.host, broker.port, account["vhost"], name, ADMISSION_KEY, tickets_queue(venue)
    )
