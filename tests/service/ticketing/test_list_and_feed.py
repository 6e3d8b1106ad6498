"""A box office's list over HTTP and its feed are one truth: the same version of a ticket means the same, always."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest

from tests.service.ticketing.door_list import DoorList, DoorListTicket, in_any_order, listed
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    partner,
    partner_changed,
    person,
    withdrawn,
)
from ticketing.use_cases.replay import replay

NIGHT = evening(NEXT_YEAR, capacity=4)
PEOPLE = ["ans", "bo", "cas", "dee", "eva", "fin", "gus"]
EVE, BEGUN = NIGHT.starts_at - timedelta(hours=9), NIGHT.starts_at + timedelta(minutes=20)


@dataclass
class BoxOfficeDesk:
    """The box office, and all that happens to its evening."""

    harness: Harness
    api: httpx.AsyncClient
    seen: dict[tuple[str, int], DoorListTicket] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    scans: int = 0

    async def agrees(self) -> None:
        """The feed leads to the list, in any order, and no version ever meant anything else."""
        answer = await self.api.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))
        now = listed(answer.json())
        feed = await self.harness.published("paard")
        assert DoorList().apply(feed).tickets == now
        assert in_any_order(random.Random(1).sample(feed, len(feed))) == now
        for ticket_id, ticket in now.items():
            assert self.seen.setdefault((ticket_id, ticket.version), ticket) == ticket
        self.harness.wait()

    async def in_place(self, state: str) -> str | None:
        """Somebody whose ticket is issued, or who is in."""
        rows = await self.harness.rows("select participant_id from tickets where state = :state", state=state)
        there = {row.participant_id for row in rows}
        return next((name for name in PEOPLE if person(name) in there), None)

    async def rename(self, state: str) -> None:
        """HR corrects the name of somebody."""
        if name := await self.in_place(state):
            version = self.next(name)
            await self.harness.apply(changed(name, version, family_name=f"Jansen {version}"))

    async def rename_partner(self) -> None:
        """A partner is called otherwise."""
        version = self.next("acme")
        await self.harness.apply(partner_changed("acme", version, name=f"Acme {version}"))

    async def scan(self, *, earlier: bool = False) -> None:
        """Somebody goes in; or an offline scanner tells that they went in earlier."""
        name = await self.in_place("admitted" if earlier else "issued")
        if name is None:
            return
        self.scans += 1
        minutes, arrives = (60 - self.scans, 60) if earlier else (60 + self.scans, None)
        code = await self.harness.code(name, NIGHT)
        await self.harness.scan(
            code,
            NIGHT,
            scan_id=f"s{self.scans}",
            minutes=minutes,
            arrives=arrives,
            offline=earlier,
            scanner=f"{self.scans}",
        )

    async def scan_cancelled(self) -> None:
        """An offline scanner tells of a ticket that was cancelled after it had let its holder in."""
        self.scans += 1
        [*rows] = await self.harness.rows("select code, ended_at from tickets where state = 'cancelled' and code <> ''")
        for row in rows[:1]:
            before: datetime = row.ended_at - timedelta(minutes=self.scans)
            await self.harness.scan(
                row.code, NIGHT, scan_id=f"s{self.scans}", scanned_at=before, arrives=90, offline=True
            )

    async def leave(self, how: str) -> None:
        """Somebody gives their seat up, passes it on, or is withdrawn; before the closing somebody is promoted."""
        name = await self.in_place("issued")
        if name is None or (how != "withdraw" and (self.harness.now or EVE) >= NIGHT.starts_at):
            return
        match how:
            case "decline":
                await self.harness.decline(name, NIGHT)
            case "pass on":
                if colleague := await self.in_place("waiting"):
                    await self.harness.pass_on(name, NIGHT, colleague)
            case _:
                await self.harness.apply(withdrawn(name, self.next(name), NEXT_YEAR.date()))

    async def come_back(self) -> None:
        """Somebody is enrolled again, under another name."""
        name = random.Random(self.scans).choice(PEOPLE)
        version = self.next(name)
        await self.harness.apply(enrolled(name, version).model_copy(update={"family_name": f"Bakker {version}"}))

    async def erase(self, state: str) -> None:
        """Somebody is forgotten."""
        if name := await self.in_place(state):
            await self.harness.apply(erased(name, self.next(name)))

    async def move(self) -> None:
        """The evening begins an hour later."""
        await self.harness.apply(evening_moved(NIGHT, self.next("night"), timedelta(hours=1)))

    async def enlarge(self) -> None:
        """The evening has a seat more."""
        version = self.next("night")
        await self.harness.apply(evening_changed(NIGHT, version, capacity=4 + version))

    async def tell_again(self) -> None:
        """A new box office, which has nothing but the replay, has the list; one that kept up notices nothing."""
        before = len(await self.harness.published("paard"))
        async with self.harness.database.begin() as work:
            await replay(work, NIGHT.evening_id, "paard")
        again = (await self.harness.published("paard"))[before:]
        answer = await self.api.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))
        assert DoorList().apply(again).tickets == listed(answer.json())
        assert in_any_order(again) == listed(answer.json())

    async def begin(self) -> None:
        """The evening begins."""
        self.harness.now = BEGUN

    async def call_off(self) -> None:
        """The evening does not take place."""
        await self.harness.apply(evening_cancelled(NIGHT, self.next("night")))

    def next(self, subject: str) -> int:
        """The next version of somebody or something."""
        self.versions[subject] = self.versions.get(subject, 1) + 1
        return self.versions[subject]


@pytest.fixture
async def desk(harness: Harness, api: httpx.AsyncClient) -> BoxOfficeDesk:
    """Four of seven people have a seat, one of them is in, and nobody was told otherwise."""
    harness.now = EVE
    await harness.apply(partner(), *map(enrolled, PEOPLE), NIGHT)
    desk = BoxOfficeDesk(harness, api)
    await desk.scan()
    await desk.agrees()
    return desk


Step = Callable[[BoxOfficeDesk], Awaitable[None]]

STEPS: dict[str, Step] = {
    "the name of a holder": lambda desk: desk.rename("issued"),
    "the name of somebody inside": lambda desk: desk.rename("admitted"),
    "the name of a partner": lambda desk: desk.rename_partner(),
    "an admission": lambda desk: desk.scan(),
    "an earlier admission": lambda desk: desk.scan(earlier=True),
    "an admission before a cancellation": lambda desk: desk.scan_cancelled(),
    "a decline": lambda desk: desk.leave("decline"),
    "a ticket passed on": lambda desk: desk.leave("pass on"),
    "a withdrawal": lambda desk: desk.leave("withdraw"),
    "an enrolment under another name": lambda desk: desk.come_back(),
    "an erased holder": lambda desk: desk.erase("issued"),
    "somebody erased inside": lambda desk: desk.erase("admitted"),
    "an evening moved": lambda desk: desk.move(),
    "more seats": lambda desk: desk.enlarge(),
    "a replay": lambda desk: desk.tell_again(),
}


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("change", STEPS)
async def test_list_and_feed_agree_after_every_kind_of_change(desk: BoxOfficeDesk, change: str, begun: bool) -> None:
    await desk.leave("decline")
    if begun:
        await desk.begin()
    for step in (STEPS[change], STEPS[change], STEPS["the name of a partner"], STEPS["a replay"]):
        await step(desk)
        await desk.agrees()


@pytest.mark.parametrize("seed", range(6))
async def test_list_and_feed_agree_after_changes_in_any_order(desk: BoxOfficeDesk, seed: int) -> None:
    dice = random.Random(seed)
    for turn in range(24):
        if turn == 14:
            await desk.begin()
        await STEPS[dice.choice(list(STEPS))](desk)
        await desk.agrees()
    await desk.call_off()
    await desk.agrees()
    await desk.tell_again()


async def test_a_name_corrected_after_its_holder_went_in_is_published(desk: BoxOfficeDesk) -> None:
    await desk.begin()
    before = len(await desk.harness.published("paard"))
    await desk.rename("admitted")
    published = (await desk.harness.published("paard"))[before:]
    assert [(each.type, each.data["version"]) for each in published] == [("ticket.issued", 3), ("ticket.admitted", 4)]
    assert published[0].data["holder_name"] == "Ans Jansen 2"
    assert (published[1].data["scanner"], published[1].data["entrance"]) == ("1", "Prinsegracht")
    await desk.harness.apply(changed("ans", 3, family_name="Jansen 2"))
    assert len(await desk.harness.published("paard")) == before + 2


async def test_a_name_corrected_after_the_evening_began_is_published(desk: BoxOfficeDesk) -> None:
    await desk.begin()
    before = len(await desk.harness.published("paard"))
    await desk.rename("issued")
    [published] = (await desk.harness.published("paard"))[before:]
    assert (published.type, published.data["version"], published.data["holder_name"]) == (
        "ticket.issued",
        2,
        "Bo Jansen 2",
    )


async def test_that_somebody_inside_was_erased_is_published(desk: BoxOfficeDesk) -> None:
    await desk.begin()
    before = len(await desk.harness.published("paard"))
    await desk.erase("admitted")
    published = (await desk.harness.published("paard"))[before:]
    assert [(each.type, each.data.get("holder_name")) for each in published] == [
        ("ticket.issued", "–"),
        ("ticket.admitted", None),
    ]
