"""Box offices that keep their list by the feed alone: one that hears all of it, one that loses some, and a new one."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from culture_connect.contracts import Venue
from tests.service.ticketing.door_list import DoorList, DoorListTicket, listed
from tests.service.ticketing.external_clients import BoxOffice, Clients, QueueListener
from tests.service.ticketing.harness import NEXT_YEAR, Harness, PublishedEvent, scanned
from tests.support.probes import eventually, until
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    partner,
    person,
    withdrawn,
)
from ticketing.use_cases import replay
from ticketing.use_cases.apply_events import Event

NAMES = [f"name{number}" for number in range(14)]
NIGHT = evening(NEXT_YEAR, capacity=6)
DANCE = evening(NEXT_YEAR, capacity=6, title="Dans", venue=Venue.NDT)
STEPS = 40

# What a box office may be told of a ticket and no more; the evening is public.
FIELDS = {
    "ticket.issued": {"ticket_id", "evening_id", "code", "holder_name", "partner_name", "version", "issued_at"},
    "ticket.cancelled": {"ticket_id", "evening_id", "version", "reason"},
    "ticket.admitted": {"ticket_id", "evening_id", "version", "admitted_at", "scanner", "entrance"},
    "admission.refused": {"scan_id", "evening_id", "reason", "first_admitted_at"},
}


@dataclass
class Season:
    """A driver of everything around one evening at Paard, over the routes and the bus of a running replica."""

    world: Clients
    client: httpx.AsyncClient
    paard: BoxOffice
    dice: random.Random
    versions: dict[str, int] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    version: int = NIGHT.version
    capacity: int = NIGHT.capacity
    scans: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.minutes = [20, 10, *self.dice.sample(range(30, 180), 150)]
        self.offline_since = datetime.now(UTC) - timedelta(minutes=200)

    async def begin(self) -> str:
        """More people than seats; one of each thing that can happen; returns the ticket of who was erased inside."""
        await self.world.publish(partner(), NIGHT, *(self._enrolment(name) for name in NAMES[:10]))
        await self.paard.listener.receives(NIGHT.capacity, "ticket.issued")
        published = await self.world.harness.receives(NIGHT.capacity, "ticket.issued")
        declined, passed_on, entered = (each.data["ticket_id"] for each in published[:3])
        await self._post(f"/tickets/{declined}/decline")
        await self.world.publish(self._enrolment(NAMES[10]))
        await eventually(lambda: self._pass_on(passed_on, NAMES[10]), 200, "the answer when a ticket is passed on")
        for times in (1, 2):
            await self._scan(published[2].data["code"])
            await self.paard.listener.receives(times, "ticket.admitted")
        [erased_] = [name for name in NAMES if str(person(name)) == published[2].data["participant_id"]]
        await self.world.publish(erased(erased_, self._next(erased_)))
        await eventually(lambda: self._holder(entered), "–", "the holder of the ticket")
        return str(entered)

    async def step(self) -> None:
        """One thing that happens to somebody, or to the evening."""
        ticket = self.dice.choice(await self.tickets())
        name = self.dice.choice(NAMES)
        match self.dice.choice(["decline", "pass on", "pass on", "ask", "scan", "enrol or withdraw", "capacity"]):
            case "decline":
                await self._post(f"/tickets/{ticket['ticket_id']}/decline")
            case "pass on":
                await self._pass_on(ticket["ticket_id"], name)
            case "ask":
                await self._post(f"/evenings/{NIGHT.evening_id}/tickets", participant_id=str(person(name)))
            case "scan":
                await self._scan(ticket["code"])
            case "enrol or withdraw":
                await self.world.publish(self._withdrawal(name) if name in self.active else self._enrolment(name))
            case "capacity":
                await self.tell_evening(capacity=self.dice.randint(4, 8))

    async def tell_evening(self, capacity: int | None = None) -> None:
        """The evening has another capacity, or is told anew."""
        self.version, self.capacity = self.version + 1, capacity or self.capacity
        await self.world.publish(evening_changed(NIGHT, self.version, capacity=self.capacity))

    async def everything_heard(self) -> Sequence[PublishedEvent]:
        """All that the box office was told up to now."""
        await eventually(self._unanswered, set(), "scans without an answer", timeout=20)
        # What is told last is heard last.
        await self.tell_evening()
        await until(
            lambda: self.paard.listener.of("evening.scheduled", "evening.changed"),
            lambda received: any(each.data["version"] == self.version for each in received),
            f"version {self.version} of the evening at the box office",
            timeout=20,
        )
        return tuple(self.paard.listener.received)

    async def replay(self) -> tuple[int, Sequence[PublishedEvent]]:
        """Has everything sent again; returns how many tickets the answer says, and what came."""
        before = len(await self.everything_heard())
        answer = await self._post(f"/evenings/{NIGHT.evening_id}/replay", venue="paard")
        assert answer.status_code == 202
        return answer.json()["tickets"], (await self.everything_heard())[before:]

    async def tickets(self) -> list[dict[str, Any]]:
        """The list as the box office may read it."""
        answer = await self.client.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))
        return list(answer.raise_for_status().json()["tickets"])

    async def snapshot(self) -> dict[str, DoorListTicket]:
        """The same, as a `DoorList` has it."""
        return listed({"tickets": await self.tickets()})

    async def _holder(self, ticket_id: str) -> str:
        return (await self.snapshot())[ticket_id].holder_name

    async def _pass_on(self, ticket_id: str, to: str) -> int:
        return (await self._post(f"/tickets/{ticket_id}/pass-on", participant_id=str(person(to)))).status_code

    async def _scan(self, code: str) -> None:
        """Scanners that were offline tell of their scans in any order, and the earliest of a code counts."""
        at = self.offline_since + timedelta(minutes=self.minutes.pop(0))
        scan = scanned(code, NIGHT, f"scan-{len(self.scans)}", offline=True, scanned_at=at)
        self.scans[scan.scan_id] = scan.scanned_at
        await self.paard.scan(scan)

    def _unanswered(self) -> set[str]:
        listener = self.paard.listener
        refused = {each.data["scan_id"] for each in listener.of("admission.refused")}
        entered = {datetime.fromisoformat(each.data["admitted_at"]) for each in listener.of("ticket.admitted")}
        return {scan for scan, moment in self.scans.items() if moment not in entered} - refused

    async def _post(self, path: str, **body: str) -> httpx.Response:
        """Accepts that what people may not do now is refused."""
        answer = await self.client.post(path, json=body, headers=bearer("desk"))
        assert answer.status_code in (200, 201, 202, 404, 409), answer.text
        return answer

    def _enrolment(self, name: str) -> Event:
        self.active.add(name)
        return enrolled(name, self._next(name))

    def _withdrawal(self, name: str) -> Event:
        self.active.discard(name)
        return withdrawn(name, self._next(name), NEXT_YEAR.date())

    def _next(self, name: str) -> int:
        self.versions[name] = self.versions.get(name, 0) + 1
        return self.versions[name]


@pytest.mark.parametrize("seed", range(3))
async def test_a_box_office_ends_up_with_the_list_whatever_it_lost(world: Clients, seed: int) -> None:
    dice = random.Random(seed)
    paard, ndt = await world.box_office("paard"), await world.box_office("ndt")
    async with world.replica() as (_, client):
        season = Season(world, client, paard, dice)
        erased_ = await season.begin()
        for _ in range(STEPS):
            await season.step()
        live = await season.everything_heard()
        count, again = await season.replay()
        list_ = await season.snapshot()
        await world.publish(DANCE)
        await ndt.listener.receives(1, "evening.scheduled")

    assert_eventful(world.harness, live)
    assert_no_gaps(live)
    assert_nothing_private(paard.listener.received)
    assert {each.data["evening_id"] for each in ndt.listener.received} == {str(DANCE.evening_id)}

    kept_up = DoorList().apply(live)
    assert nameless(kept_up.tickets, erased_) == list_
    before = kept_up.copy()
    kept_up.apply(again)
    assert (kept_up.tickets, kept_up.gone) == (before.tickets, before.gone)

    begun_with_it = DoorList().apply(again)
    assert begun_with_it.tickets == list_
    assert begun_with_it.evening == kept_up.evening
    assert count == len({each.data["ticket_id"] for each in of_tickets(again)})

    for share in (0.1, 0.5, 0.9):
        some = [each for each in live if dice.random() >= share]
        lossy = DoorList().apply(dice.sample(some, len(some)))
        assert share < 0.5 or nameless(lossy.tickets, erased_) != list_
        assert nameless(lossy.apply(again).tickets, erased_) == list_


async def test_a_replay_of_an_evening_that_was_called_off_leaves_nothing_but_who_went_in(world: Clients) -> None:
    paard = await world.box_office("paard")
    async with world.replica() as (_, client):
        season = Season(world, client, paard, random.Random(0))
        erased_ = await season.begin()
        await world.publish(evening_cancelled(NIGHT, 9))
        await paard.listener.receives(1, "evening.cancelled")
        request = {"venue": "paard"}
        await client.post(f"/evenings/{NIGHT.evening_id}/replay", json=request, headers=bearer("desk"))
        await world.publish(evening(NEXT_YEAR, title="Later", capacity=1))
        await paard.listener.receives(2, "evening.scheduled")
        list_ = await season.snapshot()
    received = [each for each in paard.listener.received if each.data["evening_id"] == str(NIGHT.evening_id)]
    _, again = (place for place, each in enumerate(received) if each.type == "evening.cancelled")
    begun_with_it = DoorList().apply(received[again:])
    assert begun_with_it.evening["cancelled"]
    assert begun_with_it.tickets == list_
    assert set(list_) == {erased_}


@pytest.fixture
async def _tonight(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), NIGHT)
    await harness.clear_outbox()


@pytest.mark.usefixtures("_tonight")
@pytest.mark.parametrize(
    ("evening_id", "venue", "token", "status", "code"),
    [
        (uuid4(), "paard", "desk", 404, "not-found"),
        (NIGHT.evening_id, "ndt", "desk", 409, "other-venue"),
        (NIGHT.evening_id, "melkweg", "desk", 422, "invalid-request"),
        (NIGHT.evening_id, "paard", "paard", 403, "insufficient-scope"),
    ],
)
async def test_a_replay_that_is_refused_sends_nothing(
    harness: Harness, api: httpx.AsyncClient, evening_id: UUID, venue: str, token: str, status: int, code: str
) -> None:
    answer = await api.post(f"/evenings/{evening_id}/replay", json={"venue": venue}, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await harness.published() == []


@pytest.mark.usefixtures("_tonight")
async def test_a_request_that_is_repeated_sends_everything_once(harness: Harness, api: httpx.AsyncClient) -> None:
    headers = bearer("desk") | {"Idempotency-Key": "again"}
    for _ in range(2):
        answer = await api.post(f"/evenings/{NIGHT.evening_id}/replay", json={"venue": "paard"}, headers=headers)
        assert (answer.status_code, answer.json()["tickets"]) == (202, 2)
    assert [each.type for each in await harness.published()] == ["evening.scheduled", "ticket.issued", "ticket.issued"]


@pytest.mark.usefixtures("_tonight")
async def test_more_tickets_than_are_read_at_once_are_all_sent(
    harness: Harness, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE_SIZE", 1)
    answer = await api.post(f"/evenings/{NIGHT.evening_id}/replay", json={"venue": "paard"}, headers=bearer("desk"))
    assert answer.json()["tickets"] == 2
    assert len({each.data["ticket_id"] for each in await harness.published("paard", "ticket")}) == 2


def of_tickets(messages: Iterable[PublishedEvent]) -> list[PublishedEvent]:
    return [each for each in messages if each.type.startswith("ticket.")]


def nameless(tickets: dict[str, DoorListTicket], erased_: str) -> dict[str, DoorListTicket]:
    """As if the box office had forgotten the name of who was erased, which it was told before."""
    return tickets | {erased_: replace(tickets[erased_], holder_name="–")} if erased_ in tickets else tickets


def assert_eventful(harness: QueueListener, live: Sequence[PublishedEvent]) -> None:
    """A season in which little happened would prove little."""
    reasons = {each.data["reason"] for each in live if each.type == "ticket.cancelled"}
    assert {"declined", "passed-on"} <= reasons
    waited = {each.data["ticket_id"] for each in harness.of("ticket.waitlisted")}
    assert waited & {each.data["ticket_id"] for each in live if each.type == "ticket.issued"}, "nobody was promoted"
    assert any(each.type == "ticket.admitted" for each in live)


def assert_no_gaps(live: Sequence[PublishedEvent]) -> None:
    """Versions of each ticket are 1, 2, ... in the order in which they were told."""
    versions: dict[str, list[int]] = {}
    for each in of_tickets(live):
        versions.setdefault(each.data["ticket_id"], []).append(each.data["version"])
    assert versions == {ticket: list(range(1, len(published) + 1)) for ticket, published in versions.items()}


def assert_nothing_private(messages: Sequence[PublishedEvent]) -> None:
    """No e-mail, participant id, employee reference or link, under whatever name."""
    for each in messages:
        assert set(each.data) <= FIELDS.get(each.type, set(each.data)), each.type
        text = json.dumps(each.data)
        assert "@" not in text
        assert "://" not in text
        assert "employee" not in text
        assert not [name for name in NAMES if str(person(name)) in text]
