"""Evenings go on side by side: what happens to one waits for nothing that happens to another."""

import asyncio
from datetime import timedelta

from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.support.probes import eventually
from tests.unit.ticketing.registration_events import enrolled, evening, evening_changed, partner, person
from ticketing.store import places
from ticketing.use_cases.decline import decline as decline_place

NIGHT = evening(NEXT_YEAR, capacity=1)
DANCE = evening(NEXT_YEAR + timedelta(days=30), capacity=1, title="Dans")


async def decline(harness: Harness, name: str) -> None:
    """Somebody gives up their ticket for the dance."""
    async with harness.database.begin() as work:
        place = await places.live_place(work, DANCE.evening_id, person(name))
        assert place is not None
        await decline_place(work, harness.issuer, place.ticket_id)


async def test_a_ticket_is_given_up_while_another_evening_is_being_allocated(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), DANCE)
    await harness.apply(NIGHT)
    [holder] = await harness.holders(DANCE)
    async with asyncio.timeout(10), harness.applying(evening_changed(NIGHT, 2, capacity=2)):
        await decline(harness, holder)
        assert await harness.holders(DANCE) == {"ans", "bo"} - {holder}
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_who_asks_waits_for_the_allocation_of_the_same_evening(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)

    async def ask() -> None:
        await harness.ask("ans", NIGHT)

    async with harness.applying(evening_changed(NIGHT, 2, capacity=2)):
        asked = asyncio.create_task(ask())
        await eventually(harness.waiting_transactions, 1, "transactions that wait")
    await asked
    assert await harness.holders(NIGHT) == {"ans"}
