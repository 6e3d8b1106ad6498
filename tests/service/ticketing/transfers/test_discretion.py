"""Offering a ticket to an address tells nobody whether that address takes part, and cannot be tried without end."""

import asyncio
from datetime import timedelta

import pytest

from culture_connect.contracts.addresses import address_digest
from tests.service.ticketing.harness import MONTH_BEFORE, Harness
from tests.service.ticketing.transfers.constants import BO, DAY_OF_NIGHT, NIGHT
from tests.unit.ticketing.registration_events import enrolled, erased, evening, person, withdrawn
from ticketing.domain.refusals import RequestRefused
from ticketing.store import personal_pages

# Nobody can have the ticket at these addresses; `eef` is erased, `fem` withdrawn, `dee` has a ticket, `zoe` is of
# another organisation.
NOBODYS = [f"{name}@example.com" for name in ("nobody", "eef", "fem", "dee", "zoe")]
SECOND_NIGHT = evening(NIGHT.starts_at + timedelta(days=30), title="Tweede", capacity=2, admission=NIGHT.admission)


@pytest.fixture(autouse=True)
async def _others(harness: Harness) -> None:
    await harness.apply(enrolled("eef"), enrolled("fem"))
    await harness.apply(erased("eef", 2), withdrawn("fem", 2, DAY_OF_NIGHT))
    await harness.ask_in_turn(NIGHT, "dee")
    await harness.clear_outbox()


@pytest.mark.parametrize("address", NOBODYS)
async def test_an_offer_to_somebody_who_cannot_have_the_ticket_looks_like_any_other(
    harness: Harness, address: str
) -> None:
    before = await harness.everything()
    offer = await harness.offer("ans", NIGHT, address)
    changed = {table for table, rows in (await harness.everything()).items() if rows != before[table]}
    assert changed == {"offers"}
    assert await harness.published() == []
    async with harness.database.begin() as work:
        facts = await personal_pages.facts(work, NIGHT.evening_id, person("ans"))
    assert facts is not None
    assert facts.offer_made is not None
    assert facts.offer_made.offer_id == offer
    for name in ("bo", "cas", "dee", "fem", "zoe"):
        assert await harness.refusal(harness.accept(name, offer)) == "not-yours"
    await harness.take_back("ans", offer)
    assert await harness.holders(NIGHT) == {"ans", "dee"}


@pytest.mark.parametrize("address", NOBODYS)
async def test_an_offer_to_nobody_ends_like_any_other_when_another_one_is_made(harness: Harness, address: str) -> None:
    first = await harness.offer("ans", NIGHT, address)
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert await harness.refusal(harness.take_back("bo", first)) == "not-yours"
    assert await harness.holders(NIGHT) == {"bo", "dee"}


async def test_of_an_address_that_is_nobodys_nothing_is_kept_that_tells_it(harness: Harness) -> None:
    await harness.offer("ans", NIGHT, "nobody@example.com")
    everything = str(await harness.everything())
    assert "nobody" not in everything
    # What anybody could make of the address, to compare.
    assert str(address_digest("acme", "nobody@example.com")) not in everything
    [row] = await harness.rows("select participant_id, address_hash from offers")
    assert row.participant_id is None


@pytest.mark.parametrize("address", [BO, *NOBODYS])
async def test_the_same_offer_again_looks_the_same_whoever_is_there(harness: Harness, address: str) -> None:
    first = await harness.offer("ans", NIGHT, address)
    assert await harness.offer("ans", NIGHT, address) == first
    await harness.take_back("ans", first)
    assert await harness.offer("ans", NIGHT, f" {address.upper()}") == first


async def test_the_same_offer_again_costs_the_same_work_whoever_is_there(harness: Harness) -> None:
    for address in (BO, "nobody@example.com"):
        await harness.offer("ans", NIGHT, address)
    with harness.counting_statements() as known:
        await harness.offer("ans", NIGHT, BO)
    with harness.counting_statements() as unknown:
        await harness.offer("ans", NIGHT, "nobody@example.com")
    assert known == unknown


async def test_a_known_and_an_unknown_address_cost_the_same_work(harness: Harness) -> None:
    with harness.counting_statements() as known:
        await harness.offer("ans", NIGHT, BO)
    with harness.counting_statements() as unknown:
        await harness.offer("ans", NIGHT, "nobody@example.com")
    # The message to the colleague is one row more, written together with the others.
    assert [each for each in known if "outbox" not in each] == [each for each in unknown if "outbox" not in each]


async def test_a_ticket_is_offered_five_times_a_day(harness: Harness) -> None:
    for address in [BO, *NOBODYS[:4]]:
        harness.wait()
        await harness.offer("ans", NIGHT, address)
    for address in ("cas@example.com", "else@example.com", NOBODYS[4]):
        assert await harness.refusal(harness.offer("ans", NIGHT, address)) == "too-many-offers"
    assert await harness.holders(NIGHT) == {"ans", "dee"}


async def test_a_day_after_the_first_offer_there_may_be_another_one(harness: Harness) -> None:
    for address in [BO, *NOBODYS[:4]]:
        await harness.offer("ans", NIGHT, address)
    harness.now = MONTH_BEFORE + timedelta(days=1, hours=1)
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert await harness.holders(NIGHT) == {"bo", "dee"}


async def test_somebody_offers_ten_times_a_day_whatever_the_ticket(harness: Harness) -> None:
    third = evening(NIGHT.starts_at + timedelta(days=60), title="Derde", capacity=2, admission=NIGHT.admission)
    await harness.apply(SECOND_NIGHT, third)
    await harness.ask_in_turn(SECOND_NIGHT, "ans")
    await harness.ask_in_turn(third, "ans")
    for address in [BO, *NOBODYS[:4]]:
        await harness.offer("ans", NIGHT, address)
        await harness.offer("ans", SECOND_NIGHT, address)
    assert await harness.refusal(harness.offer("ans", third, BO)) == "too-many-offers"
    # Declining and asking again makes another ticket, and no other person.
    await harness.decline("ans", NIGHT)
    await harness.ask_in_turn(NIGHT, "ans")
    assert await harness.refusal(harness.offer("ans", NIGHT, BO)) == "too-many-offers"


async def test_what_others_offer_counts_for_nobody_else(harness: Harness) -> None:
    for address in [BO, *NOBODYS[:4]]:
        await harness.offer("ans", NIGHT, address)
    await harness.accept("bo", await harness.offer("dee", NIGHT, BO))
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_ones_own_address_is_refused_and_counts_for_nothing(harness: Harness) -> None:
    for _ in range(6):
        assert await harness.refusal(harness.offer("ans", NIGHT, "ans@example.com")) == "oneself"
    await harness.offer("ans", NIGHT, BO)


async def test_offers_of_two_tickets_at_once_are_counted_one_after_the_other(harness: Harness) -> None:
    await harness.apply(SECOND_NIGHT)
    await harness.ask_in_turn(SECOND_NIGHT, "ans")
    for address in NOBODYS:
        await harness.offer("ans", NIGHT, address)
    for address in NOBODYS[:4]:
        await harness.offer("ans", SECOND_NIGHT, address)
    # One more is the tenth; as many at once as there are connections.
    others = (BO, "cas@example.com", "else@example.com", "more@example.com")
    results = await asyncio.gather(*(harness.offer("ans", SECOND_NIGHT, to) for to in others), return_exceptions=True)
    refused = [each.refusal for each in results if isinstance(each, RequestRefused)]
    assert refused == ["too-many-offers"] * 3


@pytest.mark.parametrize("address", [BO, NOBODYS[0]])
async def test_one_person_asks_another_five_times_a_day_whatever_the_ticket(harness: Harness, address: str) -> None:
    for _ in range(5):
        await harness.offer("ans", NIGHT, address)
        # Declining and asking again makes another ticket.
        await harness.decline("ans", NIGHT)
        await harness.ask_in_turn(NIGHT, "ans")
    assert await harness.refusal(harness.offer("ans", NIGHT, address)) == "too-many-offers"
    await harness.offer("ans", NIGHT, "cas@example.com")
    harness.wait(minutes=25 * 60)
    await harness.offer("ans", NIGHT, address)
