"""However the bus orders and cuts the same events, the outcome is one."""

import random
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Envelope
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_changed,
    moment,
    partner,
    person,
    withdrawn,
)
from ticketing.use_cases.apply_events import Event

NAMES = ["ans", "bo", "cas", "dee", "eef", "fay"]
ROOMY = evening(NEXT_YEAR, capacity=10, title="Ruim")
LATE = evening(NEXT_YEAR + timedelta(days=60), capacity=3, title="Laat")

STORY: list[Event] = [
    partner(),
    *map(enrolled, NAMES),
    ROOMY,
    withdrawn("ans", 2, NEXT_YEAR.date()),
    changed("bo", 2, family_name="Bakker"),
    withdrawn("cas", 2, NEXT_YEAR.date() + timedelta(days=10)),
    erased("dee", 2),
    withdrawn("eef", 2, NEXT_YEAR.date()),
    enrolled("eef", 3),
    evening_changed(ROOMY, 2, capacity=20),
    partner("acme", version=2),
]


def with_envelopes(events: Sequence[Event]) -> list[tuple[Event, Envelope]]:
    """Each event with a moment of its own, that it keeps in any order."""
    return [
        (event, Envelope(str(uuid4()), event.type, "/culture-connect/registration", moment(minute)))
        for minute, event in enumerate(events)
    ]


async def tell_in_any_order(harness: Harness, events: list[tuple[Event, Envelope]], dice: random.Random) -> None:
    """Shuffles the events, repeats some, and cuts them into batches anywhere."""
    shuffled = dice.sample(events, len(events)) + dice.sample(events, 3)
    while shuffled:
        cut = dice.randint(1, len(shuffled))
        await harness.apply_batch(shuffled[:cut])
        del shuffled[:cut]


@pytest.mark.parametrize("seed", range(12))
async def test_the_same_events_in_any_order_end_in_the_same_holders(harness: Harness, seed: int) -> None:
    harness.know(NAMES)
    await tell_in_any_order(harness, with_envelopes(STORY), random.Random(seed))
    assert await harness.holders(ROOMY) == {"bo", "cas", "eef", "fay"}
    rows = await harness.projection(["bo", "dee"])
    assert {row.participant_id: (row.holder_name, row.erased) for row in rows} == {
        person("bo"): ("Bo Bakker", False),
        person("dee"): (None, True),
    }
    [requested] = await harness.rows("select requested_at from participants where participant_id = :p", p=person("eef"))
    assert requested.requested_at == moment(STORY.index(enrolled("eef", 3)))


@pytest.mark.parametrize("seed", range(6))
async def test_an_evening_that_opens_last_is_filled_the_same_after_any_order(harness: Harness, seed: int) -> None:
    harness.know(NAMES)
    await tell_in_any_order(harness, with_envelopes(STORY), random.Random(seed))
    await harness.apply(LATE)
    # Withdrawn: Ans, Cas. Erased: Dee. Eef came back last.
    assert await harness.holders(LATE) == {"bo", "fay", "eef"}


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_fills_as_many_seats_and_puts_everybody_else_in_the_line(harness: Harness, seed: int) -> None:
    harness.know(NAMES)
    scarce = evening(NEXT_YEAR, capacity=3, title="Krap")
    await tell_in_any_order(harness, with_envelopes([partner(), *map(enrolled, NAMES), scarce]), random.Random(seed))
    assert await harness.counts(scarce) == (3, 0, 3)
    assert sorted([*await harness.holders(scarce), *await harness.line(scarce)]) == NAMES
    assert await harness.line(scarce) == sorted(await harness.line(scarce))


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_no_seat_is_oversold_and_nobody_has_two_places(harness: Harness, seed: int) -> None:
    dice = random.Random(seed)
    scarce = evening(NEXT_YEAR, capacity=4, title="Krap")
    harness.know(NAMES)
    await harness.apply(partner(), scarce)
    versions = dict.fromkeys(NAMES, 0)
    capacity, evening_version = 4, 1
    for _ in range(12):
        batch: list[Event] = []
        for name in dice.sample(NAMES, dice.randint(1, 3)):
            versions[name] += 1
            leaves = versions[name] % 2 == 0
            batch.append(
                withdrawn(name, versions[name], NEXT_YEAR.date()) if leaves else enrolled(name, versions[name])
            )
        if dice.random() < 0.3:
            evening_version, capacity = evening_version + 1, dice.randint(1, 6)
            batch.append(evening_changed(scarce, evening_version, capacity=capacity))
        held_before = len(await harness.holders(scarce))
        await harness.apply(*batch)
        active = {name for name in NAMES if versions[name] % 2}
        held, line = await harness.holders(scarce), await harness.line(scarce)
        assert len(held) <= max(capacity, held_before)
        assert held | set(line) == active
        assert len(held) + len(line) == len(active)
        assert not line or len(held) >= min(capacity, len(active))
        assert await harness.counts(scarce) == (len(held), 0, len(line))
