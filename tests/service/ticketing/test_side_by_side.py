"""Evenings go on side by side: what happens to one waits for nothing that happens to another."""

import asyncio
from datetime import timedelta

from tests.service.ticketing.house import NEXT_YEAR, House
from tests.support.probes import eventually
from tests.unit.ticketing.news import enrolled, evening, evening_changed, partner, person
from ticketing import declining
from ticketing.store import places

NIGHT = evening(NEXT_YEAR, capacity=1)
DANCE = evening(NEXT_YEAR + timedelta(days=30), capacity=1, title="Dans")


async def decline(house: House, name: str) -> None:
    """Somebody gives up their ticket for the dance."""
    async with house.database.begin() as work:
        place = await places.live_place(work, DANCE.evening_id, person(name))
        assert place is not None
        await declining.decline(work, house.issuer, place.ticket_id)


async def test_a_ticket_is_given_up_while_another_evening_is_being_settled(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), enrolled("bo"), DANCE)
    await house.hear(NIGHT)
    [holder] = await house.holders(DANCE)
    async with asyncio.timeout(10), house.hearing(evening_changed(NIGHT, 2, capacity=2)):
        await decline(house, holder)
        assert await house.holders(DANCE) == {"ans", "bo"} - {holder}
    assert await house.holders(NIGHT) == {"ans", "bo"}


async def test_who_asks_waits_for_whoever_settles_the_same_evening(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)

    async def ask() -> None:
        await house.ask("ans", NIGHT)

    async with house.hearing(evening_changed(NIGHT, 2, capacity=2)):
        asked = asyncio.create_task(ask())
        await eventually(house.waiting_transactions, 1, "transactions that wait")
    await asked
    assert await house.holders(NIGHT) == {"ans"}
