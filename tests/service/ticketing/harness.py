"""Ticketing on a real database, without a bus: events go in as batches, and what it would send is in its outbox."""

import json
from collections.abc import AsyncIterator, Awaitable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import event, text

from culture_connect.contracts import AdmissionRecorded, Envelope, EveningScheduled, ParticipantEnrolled
from culture_connect.messaging import Database, Delivery
from tests.unit.ticketing.registration_events import moment, person
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import Place
from ticketing.jobs.timers import TimerJob
from ticketing.store import waiting_list
from ticketing.store.admissions import RecordedScan
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases import decline, request_seat, transfer
from ticketing.use_cases.admit import admit
from ticketing.use_cases.apply_events import Event, apply_events

# Evenings of these tests are in the future of any clock they run by.
NEXT_YEAR = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0) + timedelta(days=365)
# The moment at which a scan arrives; scans are of the evening, whatever else is going on.
_at_door: ContextVar[datetime | None] = ContextVar("_at_door", default=None)
# After every enrolment, and before any release.
MONTH_BEFORE = NEXT_YEAR - timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """A message in the outbox: `to` is `core` or the venue of the box office."""

    to: str
    type: str
    data: dict[str, Any]
    correlation_id: str | None


class Harness:
    """One ticketing service's database, and hands to play the rest of the world."""

    def __init__(self, database_url: str, issuer: Issuer) -> None:
        self.now: datetime | None = None  # None: as the clocks of the world have it
        self.database = Database(
            database_url, schema="ticketing", clock=lambda: _at_door.get() or self.now or datetime.now(UTC)
        )
        self.issuer = issuer
        self._names: dict[UUID, str] = {}
        self._minutes = 0

    def know(self, names: Collection[str]) -> None:
        """Learns the names by which answers are given; `apply` learns those it enrols by itself."""
        self._names.update({person(name): name for name in names})

    async def apply(self, *events: Event, at: datetime | None = None) -> list[Envelope]:
        """Applies these as one batch; each is a minute later than the one before, unless all are `at` one moment."""
        envelopes = []
        for news in events:
            self._minutes += 1
            if isinstance(news, ParticipantEnrolled):
                self.know([news.given_name.lower()])
            time = at or moment(self._minutes)
            envelopes.append(Envelope(str(uuid4()), news.type, "/culture-connect/registration", time))
        await self.apply_batch(list(zip(events, envelopes, strict=True)))
        return envelopes

    async def apply_batch(self, events: Sequence[tuple[Event, Envelope]]) -> None:
        """Applies a batch with its envelopes."""
        deliveries = [Delivery(news, envelope, "ticketing.events") for news, envelope in events]
        async with self.database.begin() as work:
            await apply_events(work, deliveries, self.issuer)

    @asynccontextmanager
    async def applying(self, news: Event) -> AsyncIterator[None]:
        """Applies an event and commits at the end of the block only."""
        envelope = Envelope(str(uuid4()), news.type, "/culture-connect/registration", moment(1000))
        async with self.database.begin() as work:
            await apply_events(work, [Delivery(news, envelope, "ticketing.events")], self.issuer)
            yield

    async def waiting_transactions(self) -> int:
        """Returns the number of transactions that wait for another one."""
        [row] = await self.rows(
            "select count(*) as waiting from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        return int(row.waiting)

    @contextmanager
    def counting_statements(self) -> Iterator[list[str]]:
        """The statements that run in the block."""
        statements: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            statements.append(statement)

        engine = self.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        yield statements
        event.remove(engine, "before_cursor_execute", note)

    async def states(self, evening: EveningScheduled) -> dict[str, str]:
        """Returns the states of live places by name; lost ones are left out."""
        rows = await self.rows(
            "select participant_id, state from tickets where evening_id = :evening and state <> 'cancelled'",
            evening=evening.evening_id,
        )
        return {self._names[row.participant_id]: row.state for row in rows}

    async def holders(self, evening: EveningScheduled) -> set[str]:
        """Returns the names of those who have a seat."""
        return {name for name, state in (await self.states(evening)).items() if state != "waiting"}

    async def line(self, evening: EveningScheduled) -> list[str]:
        """Returns the names of those who wait, in their order."""
        rows = await self.rows(
            "select participant_id from tickets where evening_id = :evening and state = 'waiting'",
            evening=evening.evening_id,
        )
        async with self.database.begin() as work:
            places = await waiting_list.positions(work, evening.evening_id, [row.participant_id for row in rows])
        return [self._names[participant] for participant in sorted(places, key=lambda each: places[each])]

    async def counts(self, evening: EveningScheduled) -> tuple[int, int, int]:
        """Issued, admitted, waiting, as the evening's row has them."""
        [row] = await self.rows(
            "select issued, admitted, waiting from evenings where evening_id = :evening", evening=evening.evening_id
        )
        return row.issued, row.admitted, row.waiting

    async def code(self, name: str, evening: EveningScheduled) -> str:
        """The code of somebody's live ticket."""
        [row] = await self.rows(
            "select code from tickets where evening_id = :evening and participant_id = :person"
            " and state <> 'cancelled'",
            evening=evening.evening_id,
            person=person(name),
        )
        return str(row.code)

    async def published(self, to: str | None = None, subject: str | None = None) -> list[PublishedEvent]:
        """Returns the events in the outbox, in its order; to one destination, about one kind of subject."""
        rows = await self.rows("select vhost, routing_key, headers, body, correlation_id from outbox order by id")
        everything = [
            PublishedEvent(
                to="core" if row.vhost == "core" else row.routing_key,
                type=row.headers["ce-type"].removeprefix("nl.cultureconnect.").removesuffix(".v1"),
                data=json.loads(row.body),
                correlation_id=row.correlation_id,
            )
            for row in rows
        ]
        return [
            each
            for each in everything
            if to in (None, each.to) and (subject is None or each.type.startswith(f"{subject}."))
        ]

    async def published_of(self, type_: str) -> list[PublishedEvent]:
        """Returns the events of one type in the outbox, such as `ticket.issued`, to any destination."""
        return [each for each in await self.published() if each.type == type_]

    def wait(self, minutes: int = 1) -> None:
        """Time goes on; it begins a month before the evenings."""
        self.now = (self.now or MONTH_BEFORE) + timedelta(minutes=minutes)

    async def ask(self, name: str, evening: EveningScheduled) -> tuple[Place, bool]:
        """Somebody asks for a seat; whether the place is new comes with it."""
        async with self.database.begin() as work:
            [asked] = await request_seat.request_seats(work, self.issuer, evening.evening_id, [person(name)])
        if isinstance(asked, RequestRefused):
            raise asked
        return asked.place, asked.is_new

    async def ask_in_turn(self, evening: EveningScheduled, *names: str) -> None:
        """These ask for a seat, each a minute after the one before."""
        for name in names:
            self.wait()
            await self.ask(name, evening)

    async def decline(self, name: str, evening: EveningScheduled, *, ticket: UUID | None = None) -> Place:
        """Somebody gives up their own ticket or place for the evening, or says so of another `ticket`."""
        given_up = ticket or await self.ticket(name, evening)
        async with self.database.begin() as work:
            return await decline.decline(work, self.issuer, given_up, by=person(name))

    async def offer(self, name: str, evening: EveningScheduled, to: str, *, ticket: UUID | None = None) -> UUID:
        """Somebody offers their own ticket, or another one, to whoever has this address; returns the offer."""
        offered = ticket or await self.ticket(name, evening)
        async with self.database.begin() as work:
            return await transfer.offer(work, self.issuer, offered, by=person(name), address=to)

    async def accept(self, name: str, offer: UUID) -> Place:
        """Somebody takes the ticket that was offered."""
        async with self.database.begin() as work:
            return await transfer.accept(work, self.issuer, offer, by=person(name))

    async def refuse(self, name: str, offer: UUID) -> None:
        """Somebody does not want the ticket that was offered."""
        async with self.database.begin() as work:
            await transfer.refuse(work, offer, by=person(name))

    async def take_back(self, name: str, offer: UUID) -> None:
        """Somebody offers their ticket no longer."""
        async with self.database.begin() as work:
            await transfer.take_back(work, offer, by=person(name))

    async def pass_on(self, name: str, evening: EveningScheduled, to: str) -> Place:
        """The programme team passes somebody's ticket on to a colleague, at once."""
        ticket = await self.ticket(name, evening)
        async with self.database.begin() as work:
            return await transfer.pass_on(work, self.issuer, ticket, person(to))

    async def run_due(self) -> float:
        """The clock looks at its timers; returns the seconds until it will again."""
        return await TimerJob(self.database, self.issuer).run_due()

    async def refusal(self, attempt: Awaitable[object]) -> RefusalCode:
        """Returns the code of a refusal; AssertionError when there is none, and when any row changed."""
        before = await self.everything()
        try:
            await attempt
        except RequestRefused as refused:
            assert await self.everything() == before
            return refused.refusal
        raise AssertionError("it was not refused")

    async def everything(self) -> dict[str, list[str]]:
        """All rows of all tables, by table; hashes and codes too."""
        tables = await self.rows("select table_name from information_schema.tables where table_schema = 'ticketing'")
        return {
            table: [row.whole for row in await self.rows(f"select t::text as whole from {table} t order by 1")]  # noqa: S608 - from the catalogue
            for table in (row.table_name for row in tables)
        }

    async def ticket(self, name: str, evening: EveningScheduled) -> UUID:
        """Somebody's ticket or waiting place: the one that lives, else the one that ended last."""
        [found, *_] = await self.rows(
            "select ticket_id from tickets where evening_id = :evening and participant_id = :person"
            " order by state = 'cancelled', ended_at desc",
            evening=evening.evening_id,
            person=person(name),
        )
        ticket: UUID = found.ticket_id
        return ticket

    async def decisions(self, evening: EveningScheduled, *names: str) -> list[tuple[str, str, str]]:
        """Returns the decisions in order: name (`-` once they were erased), outcome and rule; about these only."""
        rows = await self.rows(
            "select participant_id, outcome, rule from decisions where evening_id = :evening order by decision_id",
            evening=evening.evening_id,
        )
        published = [(self._names.get(row.participant_id, "-"), row.outcome, row.rule) for row in rows]
        return [each for each in published if not names or each[0] in names]

    async def secrets(self, name: str, evening: EveningScheduled) -> list[str]:
        """The secrets of the links to somebody's page for the evening, in the order in which they were published."""
        return [
            str(published.data["link"]).rpartition("/")[2]
            for published in await self.published("core")
            if published.data.get("link") and published.data["participant_id"] == str(person(name))
            if published.data["evening_id"] == str(evening.evening_id)
        ]

    async def clear_outbox(self) -> None:
        """Empties the outbox, as the relay would."""
        await self.rows("delete from outbox returning id")

    async def scan(
        self,
        code: str,
        evening: EveningScheduled,
        *,
        scan_id: str,
        venue: str = "paard",
        minutes: float = 0,
        arrives: float | None = None,
        **more: Any,
    ) -> RecordedScan:
        """Scans a code at the venue; the scan arrives at once, or `arrives` minutes after the doors opened."""
        arrived_at = evening.starts_at + timedelta(minutes=minutes if arrives is None else arrives)
        [judged] = await self.scans(venue, [scanned(code, evening, scan_id, minutes, **more)], arrived_at)
        return judged

    async def scans(
        self,
        venue: str,
        recorded: Sequence[AdmissionRecorded],
        arrived_at: datetime | None = None,
        longest_wait: timedelta = timedelta(0),
    ) -> list[RecordedScan]:
        """Admits a batch of scans of the venue, which arrive when the last of them was made or at another moment."""
        with arriving(arrived_at or max(scan.scanned_at for scan in recorded)):
            async with self.database.begin() as work:
                return await admit(work, venue, recorded, self.issuer.codes, longest_wait=longest_wait)

    async def forget_everything(self) -> None:
        """Empties every table."""
        tables = await self.rows(
            "select tablename from pg_tables where schemaname = current_schema() and tablename <> 'alembic_version'"
        )
        async with self.database.begin() as work:
            await work.execute(text(f"truncate {', '.join(row.tablename for row in tables)}"))

    async def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """Looks into the database, in a transaction of its own."""
        async with self.database.begin() as work:
            return (await work.execute(text(statement), parameters)).all()

    async def projection(self, names: Collection[str]) -> Sequence[Any]:
        """Everything known about these people."""
        return await self.rows(
            "select * from participants where participant_id = any(:people)", people=[person(name) for name in names]
        )


@contextmanager
def arriving(at: datetime) -> Iterator[None]:
    """Scans that arrive within the block arrive at this moment, whatever the other clocks say."""
    before = _at_door.set(at)
    yield
    _at_door.reset(before)


def scanned(
    code: str, evening: EveningScheduled, scan_id: str, minutes: float = 0, *, sent: float | None = None, **more: Any
) -> AdmissionRecorded:
    """Returns a scan of a code so many minutes after the doors opened, which perhaps says when it was `sent`."""
    fields: dict[str, Any] = {
        "scan_id": scan_id,
        "evening_id": evening.evening_id,
        "code": code,
        "scanned_at": evening.starts_at + timedelta(minutes=minutes),
        "scanner": "door-1",
        "entrance": "Prinsegracht",
        "sent_at": None if sent is None else evening.starts_at + timedelta(minutes=sent),
    }
    return AdmissionRecorded(**fields | more)
