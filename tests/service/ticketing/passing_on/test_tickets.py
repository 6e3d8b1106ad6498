"""To whom a ticket can be passed on, offered or at once, and what becomes of the seat."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Admission
from tests.service.ticketing.house import House
from tests.service.ticketing.passing_on.stage import BO, DAY_OF_NIGHT, NIGHT
from tests.unit.ticketing.news import (
    enrolled,
    erased,
    evening_cancelled,
    evening_changed,
    left,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.refusals import Refused

Give = Callable[[str, str], Awaitable[object]]


@pytest.fixture(params=["offered", "at once"])
def give(house: House, request: pytest.FixtureRequest) -> Give:
    """Both ways of passing somebody's ticket on to somebody else."""
    if request.param == "offered":
        return lambda name, to: house.offer(name, NIGHT, f"{to}@example.com")
    return lambda name, to: house.pass_on(name, NIGHT, to)


async def outcomes(*attempts: Awaitable[object]) -> list[str]:
    """What racing attempts come to: `done`, or why not."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Refused):
            raise result
    return [result.refusal if isinstance(result, Refused) else "done" for result in results]


# To whom, and of what


async def test_a_ticket_goes_to_no_stranger(house: House) -> None:
    assert await house.refusal(house.pass_on("ans", NIGHT, "nobody")) == "stranger"


async def test_a_ticket_goes_to_nobody_of_another_organisation(house: House) -> None:
    assert await house.refusal(house.pass_on("ans", NIGHT, "zoe")) == "stranger"


async def test_a_ticket_goes_to_nobody_who_was_erased(house: House) -> None:
    await house.hear(erased("bo", 2))
    assert await house.refusal(house.pass_on("ans", NIGHT, "bo")) == "stranger"


@pytest.mark.parametrize("address", ["", "bo", "@", "bo@", "bo@example", "bo@example.com, cas@example.com"])
async def test_what_is_no_address_is_nobodys(house: House, address: str) -> None:
    await house.offer("ans", NIGHT, address)
    assert await house.told() == []


async def test_a_ticket_goes_not_to_its_own_holder(house: House, give: Give) -> None:
    assert await house.refusal(give("ans", "ans")) == "oneself"


async def test_a_ticket_goes_to_nobody_who_has_one(house: House) -> None:
    await house.ask_in_turn(NIGHT, "bo")
    assert await house.refusal(house.pass_on("ans", NIGHT, "bo")) == "colleague-has-ticket"
    await house.scan(await house.code("bo", NIGHT), NIGHT, scan_id="s1")
    assert await house.refusal(house.pass_on("ans", NIGHT, "bo")) == "colleague-has-ticket"


async def test_a_ticket_goes_to_nobody_who_takes_no_part_on_that_day(house: House) -> None:
    await house.hear(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("eef", starts_on=DAY_OF_NIGHT + timedelta(days=1)))
    assert await house.refusal(house.pass_on("ans", NIGHT, "bo")) == "colleague-not-active"
    assert await house.refusal(house.pass_on("ans", NIGHT, "eef")) == "colleague-not-active"


async def test_a_waiting_place_cannot_be_passed_on(house: House, give: Give) -> None:
    await house.ask_in_turn(NIGHT, "cas", "dee")
    assert await house.line(NIGHT) == ["dee"]
    assert await house.refusal(give("dee", "bo")) == "no-seat-to-pass-on"


async def test_nothing_is_passed_on_once_the_evening_has_begun(house: House, give: Give) -> None:
    house.now = NIGHT.starts_at
    assert await house.refusal(give("ans", "bo")) == "evening-begun"


async def test_nothing_is_passed_on_of_an_evening_that_was_called_off(house: House, give: Give) -> None:
    await house.hear(evening_cancelled(NIGHT, 2))
    assert await house.refusal(give("ans", "bo")) == "evening-cancelled"


async def test_a_ticket_somebody_went_in_with_is_not_passed_on(house: House, give: Give) -> None:
    await house.scan(await house.code("ans", NIGHT), NIGHT, scan_id="s1")
    assert await house.refusal(give("ans", "bo")) == "already-admitted"


async def test_a_ticket_that_ended_is_not_passed_on(house: House, give: Give) -> None:
    await house.decline("ans", NIGHT)
    assert await house.refusal(give("ans", "bo")) == "ticket-ended"


async def test_nobody_offers_the_ticket_of_somebody_else(house: House) -> None:
    ticket = await house.ticket("ans", NIGHT)
    for name in ("bo", "cas", "zoe"):
        assert await house.refusal(house.offer(name, NIGHT, BO, ticket=ticket)) == "not-yours"


async def test_a_ticket_that_there_is_not_is_not_passed_on(house: House) -> None:
    assert await house.refusal(house.offer("ans", NIGHT, BO, ticket=uuid4())) == "unknown-ticket"


# The seat


async def test_the_colleagues_waiting_place_becomes_the_ticket(house: House) -> None:
    await house.ask_in_turn(NIGHT, "dee", "cas", "bo")
    place = await house.ticket("bo", NIGHT)
    assert await house.line(NIGHT) == ["cas", "bo"]
    received = await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert received.ticket_id == place
    assert await house.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    assert await house.counts(NIGHT) == (2, 0, 1)
    issued = [each.data["version"] for each in await house.told() if each.data.get("ticket_id") == str(place)]
    assert issued[-2:] == [2, 1]  # the house knew of the waiting place, the box office did not


async def test_a_ticket_is_passed_on_while_more_seats_are_held_than_there_are(house: House) -> None:
    await house.ask_in_turn(NIGHT, "dee", "cas")
    await house.hear(evening_changed(NIGHT, 2, capacity=1))
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert await house.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    await house.pass_on("dee", NIGHT, "cas")
    assert await house.states(NIGHT) == {"bo": "issued", "cas": "issued"}
    assert await house.counts(NIGHT) == (2, 0, 0)


async def test_a_ticket_is_passed_on_after_the_closing(house: House) -> None:
    await house.ask_in_turn(NIGHT, "dee", "cas")
    house.now = NIGHT.closes_at
    await house.look()
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert await house.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    await house.pass_on("bo", NIGHT, "cas")
    assert await house.states(NIGHT) == {"cas": "issued", "dee": "issued"}


async def test_the_seat_stays_with_the_organisation(house: House) -> None:
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    rows = await house.rows("select partner, issued, waiting from shares where issued + waiting > 0")
    assert [tuple(row) for row in rows] == [("acme", 1, 0)]


async def test_who_passed_a_ticket_on_gets_none_by_itself_and_may_ask_again(house: House) -> None:
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    await house.hear(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC, capacity=9))
    assert "ans" not in await house.states(NIGHT)
    _, is_new = await house.ask("ans", NIGHT)
    assert is_new
    assert "ans" in await house.holders(NIGHT)


async def test_who_received_a_ticket_wants_to_come_whatever_they_said_before(house: House) -> None:
    await house.ask_in_turn(NIGHT, "bo")
    await house.decline("bo", NIGHT)
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    await house.hear(left())
    assert await house.holders(NIGHT) == set()
    await house.hear(partner(version=3))
    assert await house.holders(NIGHT) == {"bo"}


async def test_a_ticket_goes_from_hand_to_hand_and_back_and_only_the_last_code_is_good(house: House) -> None:
    codes = [await house.code("ans", NIGHT)]
    for giver, taker in (("ans", "bo"), ("bo", "cas"), ("cas", "ans")):
        await house.accept(taker, await house.offer(giver, NIGHT, f"{taker}@example.com"))
        codes.append(await house.code(taker, NIGHT))
    assert len(set(codes)) == 4
    verdicts = [(await house.scan(code, NIGHT, scan_id=code[-9:])).refusal for code in codes]
    assert verdicts == ["passed-on", "passed-on", "passed-on", None]


async def test_the_programme_team_passes_a_ticket_on_at_once(house: House) -> None:
    old = await house.code("ans", NIGHT)
    received = await house.pass_on("ans", NIGHT, "bo")
    assert (received.participant_id, received.state) == (person("bo"), "issued")
    assert [(each.to, each.type) for each in await house.told()] == [
        ("core", "ticket.cancelled"),
        ("paard", "ticket.cancelled"),
        ("core", "ticket.issued"),
        ("paard", "ticket.issued"),
    ]
    assert (await house.scan(old, NIGHT, scan_id="s1")).refusal == "passed-on"


# At the same time


@pytest.mark.parametrize("rounds", range(3))
async def test_a_colleague_who_agrees_while_the_holder_declines_gets_it_or_not_and_nothing_else(
    house: House, rounds: int
) -> None:
    offer, ticket = await house.offer("ans", NIGHT, BO), await house.ticket("ans", NIGHT)
    attempts = [house.accept("bo", offer), house.decline("ans", NIGHT, ticket=ticket)]
    agreed, declined = (await outcomes(*reversed(attempts)))[::-1] if rounds % 2 else await outcomes(*attempts)
    assert (agreed, declined) in {("done", "ticket-ended"), ("ticket-ended", "done")}
    assert await house.holders(NIGHT) == ({"bo"} if agreed == "done" else set())
    assert await house.counts(NIGHT) == (int(agreed == "done"), 0, 0)


async def test_an_offer_accepted_several_times_at_once_is_one_ticket(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    received = await asyncio.gather(*(house.accept("bo", offer) for _ in range(4)))
    assert len({each.ticket_id for each in received}) == 1
    assert len(await house.told("paard")) == 2
    assert await house.counts(NIGHT) == (1, 0, 0)


async def test_a_ticket_offered_and_given_away_at_once_goes_to_one_of_them(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    ticket = await house.ticket("ans", NIGHT)
    results = await outcomes(
        house.accept("bo", offer),
        house.pass_on("ans", NIGHT, "cas"),
        house.pass_on("ans", NIGHT, "dee"),
        house.take_back("ans", offer),
    )
    assert results[:3].count("done") == 1
    assert len(await house.holders(NIGHT)) == 1
    [row] = await house.rows("select reason from tickets where ticket_id = :ticket", ticket=ticket)
    assert row.reason == "passed-on"


async def test_two_who_offer_their_tickets_to_the_same_colleague_give_one_of_them(house: House) -> None:
    await house.ask_in_turn(NIGHT, "cas")
    first, second = await house.offer("ans", NIGHT, BO), await house.offer("cas", NIGHT, BO)
    assert sorted(await outcomes(house.accept("bo", first), house.accept("bo", second))) == [
        "colleague-has-ticket",
        "done",
    ]
    assert await house.counts(NIGHT) == (2, 0, 0)


async def test_a_ticket_shown_at_the_door_while_the_colleague_agrees_is_good_for_one_of_them(house: House) -> None:
    offer, code = await house.offer("ans", NIGHT, BO), await house.code("ans", NIGHT)
    [agreed], scan = await asyncio.gather(outcomes(house.accept("bo", offer)), house.scan(code, NIGHT, scan_id="s1"))
    assert (agreed, scan.refusal) in {("done", "passed-on"), ("already-admitted", None)}
    assert sum(await house.counts(NIGHT)) == 1
