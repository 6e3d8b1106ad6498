"""To whom a ticket can be passed on, offered or at once, and what becomes of the seat."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import Harness
from tests.service.ticketing.transfers.constants import BO, DAY_OF_NIGHT, NIGHT
from tests.unit.ticketing.registration_events import (
    enrolled,
    erased,
    evening_cancelled,
    evening_changed,
    left,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.refusals import RequestRefused

Give = Callable[[str, str], Awaitable[object]]


@pytest.fixture(params=["offered", "at once"])
def give(harness: Harness, request: pytest.FixtureRequest) -> Give:
    """Both ways of passing somebody's ticket on to somebody else."""
    if request.param == "offered":
        return lambda name, to: harness.offer(name, NIGHT, f"{to}@example.com")
    return lambda name, to: harness.pass_on(name, NIGHT, to)


async def outcomes(*attempts: Awaitable[object]) -> list[str]:
    """Returns the results of racing attempts: `done`, or the refusal."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, RequestRefused):
            raise result
    return [result.refusal if isinstance(result, RequestRefused) else "done" for result in results]


# To whom, and of what


async def test_a_ticket_goes_to_no_stranger(harness: Harness) -> None:
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "nobody")) == "stranger"


async def test_a_ticket_goes_to_nobody_of_another_organisation(harness: Harness) -> None:
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "zoe")) == "stranger"


async def test_a_ticket_goes_to_nobody_who_was_erased(harness: Harness) -> None:
    await harness.apply(erased("bo", 2))
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "bo")) == "stranger"


@pytest.mark.parametrize("address", ["", "bo", "@", "bo@", "bo@example", "bo@example.com, cas@example.com"])
async def test_what_is_no_address_is_nobodys(harness: Harness, address: str) -> None:
    await harness.offer("ans", NIGHT, address)
    assert await harness.published() == []


async def test_a_ticket_goes_not_to_its_own_holder(harness: Harness, give: Give) -> None:
    assert await harness.refusal(give("ans", "ans")) == "oneself"


async def test_a_ticket_goes_to_nobody_who_has_one(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "bo")
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "bo")) == "colleague-has-ticket"
    await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="s1")
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "bo")) == "colleague-has-ticket"


async def test_a_ticket_goes_to_nobody_who_takes_no_part_on_that_day(harness: Harness) -> None:
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("eef", starts_on=DAY_OF_NIGHT + timedelta(days=1)))
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "bo")) == "colleague-not-active"
    assert await harness.refusal(harness.pass_on("ans", NIGHT, "eef")) == "colleague-not-active"


async def test_a_waiting_place_cannot_be_passed_on(harness: Harness, give: Give) -> None:
    await harness.ask_in_turn(NIGHT, "cas", "dee")
    assert await harness.line(NIGHT) == ["dee"]
    assert await harness.refusal(give("dee", "bo")) == "no-seat-to-pass-on"


async def test_nothing_is_passed_on_once_the_evening_has_begun(harness: Harness, give: Give) -> None:
    harness.now = NIGHT.starts_at
    assert await harness.refusal(give("ans", "bo")) == "evening-begun"


async def test_nothing_is_passed_on_of_an_evening_that_was_called_off(harness: Harness, give: Give) -> None:
    await harness.apply(evening_cancelled(NIGHT, 2))
    assert await harness.refusal(give("ans", "bo")) == "evening-cancelled"


async def test_a_ticket_somebody_went_in_with_is_not_passed_on(harness: Harness, give: Give) -> None:
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    assert await harness.refusal(give("ans", "bo")) == "already-admitted"


async def test_a_ticket_that_ended_is_not_passed_on(harness: Harness, give: Give) -> None:
    await harness.decline("ans", NIGHT)
    assert await harness.refusal(give("ans", "bo")) == "ticket-ended"


async def test_nobody_offers_the_ticket_of_somebody_else(harness: Harness) -> None:
    ticket = await harness.ticket("ans", NIGHT)
    for name in ("bo", "cas", "zoe"):
        assert await harness.refusal(harness.offer(name, NIGHT, BO, ticket=ticket)) == "not-yours"


async def test_a_ticket_that_there_is_not_is_not_passed_on(harness: Harness) -> None:
    assert await harness.refusal(harness.offer("ans", NIGHT, BO, ticket=uuid4())) == "unknown-ticket"


# The seat


async def test_the_colleagues_waiting_place_becomes_the_ticket(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "dee", "cas", "bo")
    place = await harness.ticket("bo", NIGHT)
    assert await harness.line(NIGHT) == ["cas", "bo"]
    received = await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert received.ticket_id == place
    assert await harness.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    assert await harness.counts(NIGHT) == (2, 0, 1)
    issued = [each.data["version"] for each in await harness.published() if each.data.get("ticket_id") == str(place)]
    assert issued[-2:] == [2, 1]  # the services knew of the waiting place, the box office did not


async def test_a_ticket_is_passed_on_while_more_seats_are_held_than_there_are(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "dee", "cas")
    await harness.apply(evening_changed(NIGHT, 2, capacity=1))
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert await harness.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    await harness.pass_on("dee", NIGHT, "cas")
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued"}
    assert await harness.counts(NIGHT) == (2, 0, 0)


async def test_a_ticket_is_passed_on_after_the_closing(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "dee", "cas")
    harness.now = NIGHT.closes_at
    await harness.run_due()
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert await harness.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
    await harness.pass_on("bo", NIGHT, "cas")
    assert await harness.states(NIGHT) == {"cas": "issued", "dee": "issued"}


async def test_the_seat_stays_with_the_organisation(harness: Harness) -> None:
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    rows = await harness.rows("select partner, issued, waiting from shares where issued + waiting > 0")
    assert [tuple(row) for row in rows] == [("acme", 1, 0)]


async def test_who_passed_a_ticket_on_gets_none_by_itself_and_may_ask_again(harness: Harness) -> None:
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    await harness.apply(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC, capacity=9))
    assert "ans" not in await harness.states(NIGHT)
    _, is_new = await harness.ask("ans", NIGHT)
    assert is_new
    assert "ans" in await harness.holders(NIGHT)


async def test_who_received_a_ticket_wants_to_come_whatever_they_said_before(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "bo")
    await harness.decline("bo", NIGHT)
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    await harness.apply(left())
    assert await harness.holders(NIGHT) == set()
    await harness.apply(partner(version=3))
    assert await harness.holders(NIGHT) == {"bo"}


async def test_a_ticket_goes_from_hand_to_hand_and_back_and_only_the_last_code_is_good(harness: Harness) -> None:
    codes = [await harness.code("ans", NIGHT)]
    for giver, taker in (("ans", "bo"), ("bo", "cas"), ("cas", "ans")):
        await harness.accept(taker, await harness.offer(giver, NIGHT, f"{taker}@example.com"))
        codes.append(await harness.code(taker, NIGHT))
    assert len(set(codes)) == 4
    verdicts = [(await harness.scan(code, NIGHT, scan_id=code[-9:])).refusal for code in codes]
    assert verdicts == ["passed-on", "passed-on", "passed-on", None]


async def test_the_programme_team_passes_a_ticket_on_at_once(harness: Harness) -> None:
    old = await harness.code("ans", NIGHT)
    received = await harness.pass_on("ans", NIGHT, "bo")
    assert (received.participant_id, received.state) == (person("bo"), "issued")
    assert [(each.to, each.type) for each in await harness.published()] == [
        ("core", "ticket.cancelled"),
        ("paard", "ticket.cancelled"),
        ("core", "ticket.issued"),
        ("paard", "ticket.issued"),
    ]
    assert (await harness.scan(old, NIGHT, scan_id="s1")).refusal == "passed-on"


# At the same time


@pytest.mark.parametrize("rounds", range(3))
async def test_a_colleague_who_agrees_while_the_holder_declines_gets_it_or_not_and_nothing_else(
    harness: Harness, rounds: int
) -> None:
    offer, ticket = await harness.offer("ans", NIGHT, BO), await harness.ticket("ans", NIGHT)
    attempts = [harness.accept("bo", offer), harness.decline("ans", NIGHT, ticket=ticket)]
    agreed, declined = (await outcomes(*reversed(attempts)))[::-1] if rounds % 2 else await outcomes(*attempts)
    assert (agreed, declined) in {("done", "ticket-ended"), ("ticket-ended", "done")}
    assert await harness.holders(NIGHT) == ({"bo"} if agreed == "done" else set())
    assert await harness.counts(NIGHT) == (int(agreed == "done"), 0, 0)


async def test_an_offer_accepted_several_times_at_once_is_one_ticket(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    received = await asyncio.gather(*(harness.accept("bo", offer) for _ in range(4)))
    assert len({each.ticket_id for each in received}) == 1
    assert len(await harness.published("paard")) == 2
    assert await harness.counts(NIGHT) == (1, 0, 0)


async def test_a_ticket_offered_and_given_away_at_once_goes_to_one_of_them(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    ticket = await harness.ticket("ans", NIGHT)
    results = await outcomes(
        harness.accept("bo", offer),
        harness.pass_on("ans", NIGHT, "cas"),
        harness.pass_on("ans", NIGHT, "dee"),
        harness.take_back("ans", offer),
    )
    assert results[:3].count("done") == 1
    assert len(await harness.holders(NIGHT)) == 1
    [row] = await harness.rows("select reason from tickets where ticket_id = :ticket", ticket=ticket)
    assert row.reason == "passed-on"


async def test_two_who_offer_their_tickets_to_the_same_colleague_give_one_of_them(harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "cas")
    first, second = await harness.offer("ans", NIGHT, BO), await harness.offer("cas", NIGHT, BO)
    assert sorted(await outcomes(harness.accept("bo", first), harness.accept("bo", second))) == [
        "colleague-has-ticket",
        "done",
    ]
    assert await harness.counts(NIGHT) == (2, 0, 0)


async def test_a_ticket_shown_at_the_door_while_the_colleague_agrees_is_good_for_one_of_them(harness: Harness) -> None:
    offer, code = await harness.offer("ans", NIGHT, BO), await harness.code("ans", NIGHT)
    [agreed], scan = await asyncio.gather(
        outcomes(harness.accept("bo", offer)), harness.scan(code, NIGHT, scan_id="s1")
    )
    assert (agreed, scan.refusal) in {("done", "passed-on"), ("already-admitted", None)}
    assert sum(await harness.counts(NIGHT)) == 1
