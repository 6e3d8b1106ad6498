"""A ticket goes from one colleague to another: offered, agreed to, and only then done; or at once, by the team."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Admission
from tests.service.ticketing.house import MONTH_BEFORE, NEXT_YEAR, House
from tests.unit.ticketing.news import (
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    left,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.refusals import Refused
from ticketing.store import pages

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
DAY_OF_NIGHT = NEXT_YEAR.date()
BO = "bo@example.com"


@pytest.fixture(autouse=True)
async def _colleagues(house: House) -> None:
    """Ans has a ticket; Bo, Cas and Dee of the same organisation have none, nor has Zoe of a small other one."""
    house.now = MONTH_BEFORE
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]))
    await house.hear(partner("zeebank", places=1), enrolled("zoe", partner="zeebank"), NIGHT)
    await house.ask_in_turn(NIGHT, "ans")
    await house.forget_told()


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


# Offering


@pytest.mark.parametrize("address", [BO, "BO@EXAMPLE.COM", "Bo@Example.com", "  bo@EXAMPLE.com ", "\tbO@example.com\n"])
async def test_a_colleague_is_found_by_their_address_however_it_is_spelled(house: House, address: str) -> None:
    offer = await house.offer("ans", NIGHT, address)
    [told] = await house.told()
    assert (told.to, told.type) == ("core", "ticket.offered")
    link = told.data.pop("link")
    assert told.data == {
        "offer_id": str(offer),
        "ticket_id": str(await house.ticket("ans", NIGHT)),
        "participant_id": str(person("bo")),
        "holder_id": str(person("ans")),
        "evening_id": str(NIGHT.evening_id),
    }
    async with house.database.begin() as work:
        assert await pages.owner(work, link.rpartition("/")[2]) == (NIGHT.evening_id, person("bo"))


@pytest.mark.parametrize("address", ["noor.de.vries@voorbeeld.nl", "Noor.De.Vries@VOORBEELD.NL"])
async def test_a_colleague_is_found_however_their_own_organisation_spells_the_address(
    house: House, address: str
) -> None:
    await house.hear(enrolled("noor", email="NOOR.de.Vries@Voorbeeld.NL"))
    await house.offer("ans", NIGHT, address)
    assert (await house.told())[-1].data["participant_id"] == str(person("noor"))


async def test_of_two_who_had_one_address_after_each_other_the_one_who_takes_part_is_asked(house: House) -> None:
    await house.hear(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("new-bo", email=BO))
    await house.offer("ans", NIGHT, BO)
    assert (await house.told())[-1].data["participant_id"] == str(person("new-bo"))


async def test_the_ticket_stays_with_its_holder_until_the_colleague_agrees(house: House) -> None:
    known = await house.everything()
    await house.offer("ans", NIGHT, BO)
    changed = {table for table, rows in (await house.everything()).items() if rows != known[table]}
    assert changed == {"offers", "pages", "outbox"}
    assert (await house.scan(await house.code("ans", NIGHT), NIGHT, scan_id="s1")).refusal is None


# Agreeing


async def test_a_colleague_who_agrees_has_the_ticket_under_a_new_code(house: House) -> None:
    old = await house.code("ans", NIGHT)
    received = await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert (received.participant_id, received.state, received.partner) == (person("bo"), "issued", "acme")
    assert await house.states(NIGHT) == {"bo": "issued"}
    assert await house.counts(NIGHT) == (1, 0, 0)
    new = await house.code("bo", NIGHT)
    assert house.issuer.codes.ticket_of(new) == received.ticket_id != house.issuer.codes.ticket_of(old)


async def test_at_the_door_the_old_code_was_passed_on_and_the_new_one_is_good(house: House) -> None:
    old = await house.code("ans", NIGHT)
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert (await house.scan(old, NIGHT, scan_id="s1")).refusal == "passed-on"
    assert (await house.scan(await house.code("bo", NIGHT), NIGHT, scan_id="s2")).refusal is None
    assert (await house.scan(old, NIGHT, scan_id="s3")).refusal == "passed-on"


async def test_both_ends_are_told_that_one_ticket_is_no_more_and_another_is(house: House) -> None:
    given, code = await house.ticket("ans", NIGHT), await house.code("ans", NIGHT)
    offer = await house.offer("ans", NIGHT, BO)
    await house.forget_told()
    received = (await house.accept("bo", offer)).ticket_id
    told = await house.told()
    assert [(each.to, each.type, each.data["ticket_id"], each.data["version"]) for each in told] == [
        ("core", "ticket.cancelled", str(given), 2),
        ("paard", "ticket.cancelled", str(given), 2),
        ("core", "ticket.issued", str(received), 1),
        ("paard", "ticket.issued", str(received), 1),
    ]
    gone, gone_at_the_door, new, new_at_the_door = (each.data for each in told)
    assert gone["reason"] == gone_at_the_door["reason"] == "passed-on"
    assert (gone["participant_id"], new["participant_id"]) == (str(person("ans")), str(person("bo")))
    assert new["code"] == new_at_the_door["code"] == await house.code("bo", NIGHT) != code
    assert new_at_the_door["holder_name"] == "Bo de Vries"


async def test_it_is_kept_who_gave_and_who_received(house: House) -> None:
    await house.accept("bo", await house.offer("ans", NIGHT, BO))
    assert (await house.decisions(NIGHT))[-2:] == [("ans", "lost", "passed-on"), ("bo", "granted", "colleague")]


async def test_the_link_of_the_new_ticket_opens_the_colleagues_page(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.forget_told()
    await house.accept("bo", offer)
    [secret] = await house.secrets("bo", NIGHT)
    async with house.database.begin() as work:
        assert await pages.owner(work, secret) == (NIGHT.evening_id, person("bo"))


async def test_agreeing_twice_is_agreeing_once(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    received = await house.accept("bo", offer)
    known = await house.everything()
    assert await house.accept("bo", offer) == received
    assert await house.everything() == known


async def test_who_agreed_and_then_declined_has_nothing_left_to_agree_to(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.accept("bo", offer)
    await house.decline("bo", NIGHT)
    assert await house.refusal(house.accept("bo", offer)) == "unknown-offer"


@pytest.mark.parametrize("name", ["ans", "cas", "zoe"])
async def test_nobody_agrees_for_somebody_else(house: House, name: str) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    assert await house.refusal(house.accept(name, offer)) == "not-yours"
    await house.accept("bo", offer)
    assert await house.refusal(house.accept(name, offer)) == "not-yours"


async def test_an_offer_that_there_is_not_cannot_be_answered(house: House) -> None:
    for attempt in (house.accept, house.refuse, house.take_back):
        assert await house.refusal(attempt("bo", uuid4())) == "unknown-offer"


# To whom, and of what


async def test_a_ticket_goes_to_no_stranger(house: House, give: Give) -> None:
    assert await house.refusal(give("ans", "nobody")) == "stranger"


async def test_a_ticket_goes_to_nobody_of_another_organisation(house: House, give: Give) -> None:
    assert await house.refusal(give("ans", "zoe")) == "stranger"


async def test_a_ticket_goes_to_nobody_who_was_erased(house: House, give: Give) -> None:
    await house.hear(erased("bo", 2))
    assert await house.refusal(give("ans", "bo")) == "stranger"


async def test_what_is_no_address_is_nobodys(house: House) -> None:
    for address in ("", "bo", "@", "bo@", "bo@example", "bo@example.com, cas@example.com"):
        assert await house.refusal(house.offer("ans", NIGHT, address)) == "stranger"


async def test_a_ticket_goes_not_to_its_own_holder(house: House, give: Give) -> None:
    assert await house.refusal(give("ans", "ans")) == "oneself"


async def test_a_ticket_goes_to_nobody_who_has_one(house: House, give: Give) -> None:
    await house.ask_in_turn(NIGHT, "bo")
    assert await house.refusal(give("ans", "bo")) == "colleague-has-ticket"
    await house.scan(await house.code("bo", NIGHT), NIGHT, scan_id="s1")
    assert await house.refusal(give("ans", "bo")) == "colleague-has-ticket"


async def test_a_ticket_goes_to_nobody_who_takes_no_part_on_that_day(house: House, give: Give) -> None:
    await house.hear(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("eef", starts_on=DAY_OF_NIGHT + timedelta(days=1)))
    assert await house.refusal(give("ans", "bo")) == "colleague-not-active"
    assert await house.refusal(give("ans", "eef")) == "colleague-not-active"


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


# What happens between the offer and the answer


async def test_an_offer_is_void_when_the_holder_declines(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.decline("ans", NIGHT)
    assert await house.refusal(house.accept("bo", offer)) == "ticket-ended"
    # The ticket that Ans asks for after that is another one.
    await house.ask_in_turn(NIGHT, "ans")
    assert await house.refusal(house.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_ticket_was_passed_on_to_somebody_else(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.pass_on("ans", NIGHT, "cas")
    assert await house.refusal(house.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_holder_withdraws(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.hear(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await house.refusal(house.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_organisation_leaves(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.hear(left())
    assert await house.refusal(house.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_somebody_went_in_with_the_ticket(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.scan(await house.code("ans", NIGHT), NIGHT, scan_id="s1")
    assert await house.refusal(house.accept("bo", offer)) == "already-admitted"


async def test_an_offer_is_void_when_the_colleague_got_a_ticket_of_their_own(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.ask_in_turn(NIGHT, "bo")
    assert await house.refusal(house.accept("bo", offer)) == "colleague-has-ticket"


async def test_an_offer_is_void_when_the_colleague_takes_part_no_more(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.hear(withdrawn("bo", 2, DAY_OF_NIGHT))
    assert await house.refusal(house.accept("bo", offer)) == "colleague-not-active"


async def test_an_offer_holds_until_the_evening_begins(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    house.now = NIGHT.starts_at
    assert await house.refusal(house.accept("bo", offer)) == "evening-begun"
    house.now = NIGHT.starts_at - timedelta(seconds=1)
    await house.accept("bo", offer)
    assert await house.holders(NIGHT) == {"bo"}


async def test_a_second_offer_replaces_the_first(house: House) -> None:
    first = await house.offer("ans", NIGHT, BO)
    second = await house.offer("ans", NIGHT, "cas@example.com")
    assert await house.refusal(house.accept("bo", first)) == "unknown-offer"
    await house.accept("cas", second)
    assert await house.holders(NIGHT) == {"cas"}
    assert await house.refusal(house.accept("bo", first)) == "unknown-offer"


async def test_an_offer_made_again_to_the_same_colleague_is_the_one_that_counts(house: House) -> None:
    first, second = await house.offer("ans", NIGHT, BO), await house.offer("ans", NIGHT, BO)
    assert await house.refusal(house.accept("bo", first)) == "unknown-offer"
    await house.accept("bo", second)
    assert await house.holders(NIGHT) == {"bo"}


async def test_a_holder_takes_an_offer_back(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.take_back("ans", offer)
    await house.take_back("ans", offer)
    assert await house.refusal(house.accept("bo", offer)) == "unknown-offer"
    assert await house.refusal(house.refuse("bo", offer)) == "unknown-offer"
    assert await house.holders(NIGHT) == {"ans"}


async def test_only_the_holder_takes_an_offer_back_and_only_while_it_is_open(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    for name in ("bo", "cas"):
        assert await house.refusal(house.take_back(name, offer)) == "not-yours"
    await house.accept("bo", offer)
    assert await house.refusal(house.take_back("ans", offer)) == "unknown-offer"


async def test_a_colleague_refuses_and_the_holder_may_ask_another_one(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    await house.refuse("bo", offer)
    await house.refuse("bo", offer)
    assert await house.refusal(house.accept("bo", offer)) == "unknown-offer"
    assert await house.holders(NIGHT) == {"ans"}
    await house.accept("cas", await house.offer("ans", NIGHT, "cas@example.com"))
    assert await house.holders(NIGHT) == {"cas"}


async def test_only_the_colleague_refuses_and_only_while_it_is_open(house: House) -> None:
    offer = await house.offer("ans", NIGHT, BO)
    for name in ("ans", "cas"):
        assert await house.refusal(house.refuse(name, offer)) == "not-yours"
    await house.accept("bo", offer)
    assert await house.refusal(house.refuse("bo", offer)) == "unknown-offer"


async def test_refusing_an_offer_is_no_answer_to_the_evening(house: House) -> None:
    await house.refuse("bo", await house.offer("ans", NIGHT, BO))
    await house.hear(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC))
    assert "bo" in await house.states(NIGHT)


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
