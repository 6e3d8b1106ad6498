"""A ticket is offered to a colleague, and only theirs once they agree."""

from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Admission
from culture_connect.contracts.addresses import address_digest
from tests.service.ticketing.house import House
from tests.service.ticketing.passing_on.stage import BO, DAY_OF_NIGHT, NIGHT
from tests.unit.ticketing.news import (
    enrolled,
    evening_changed,
    left,
    person,
    withdrawn,
)
from ticketing.store import pages

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
        "address_sha256": address_digest("acme", BO).hex(),
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


async def test_an_offer_made_again_to_the_same_colleague_is_the_same_offer(house: House) -> None:
    first = await house.offer("ans", NIGHT, BO)
    for _ in range(15):
        house.wait()
        assert await house.offer("ans", NIGHT, BO.upper()) == first
    assert [told.type for told in await house.told()] == ["ticket.offered"]
    await house.accept("bo", first)
    assert await house.holders(NIGHT) == {"bo"}


@pytest.mark.parametrize("ended_by", ["ans", "bo"])
async def test_an_offer_that_was_ended_and_is_made_again_makes_one_letter_a_day(house: House, ended_by: str) -> None:
    first = await house.offer("ans", NIGHT, BO)
    for _ in range(15):
        await (house.take_back("ans", first) if ended_by == "ans" else house.refuse("bo", first))
        assert await house.refusal(house.accept("bo", first)) == "unknown-offer"
        assert await house.offer("ans", NIGHT, BO) == first
    assert [told.type for told in await house.told()] == ["ticket.offered"]
    await house.take_back("ans", first)
    house.wait(minutes=25 * 60)
    second = await house.offer("ans", NIGHT, BO)
    assert second != first
    assert [told.type for told in await house.told()] == ["ticket.offered"] * 2
    await house.accept("bo", second)
    assert await house.holders(NIGHT) == {"bo"}


async def test_offers_to_one_colleague_and_another_in_turn_make_a_letter_each(house: House) -> None:
    to_bo, to_cas = await house.offer("ans", NIGHT, BO), await house.offer("ans", NIGHT, "cas@example.com")
    for _ in range(5):
        assert await house.offer("ans", NIGHT, BO) == to_bo
        assert await house.refusal(house.accept("cas", to_cas)) == "unknown-offer"
        assert await house.offer("ans", NIGHT, "cas@example.com") == to_cas
    assert len(await house.told()) == 2
    assert await house.refusal(house.accept("bo", to_bo)) == "unknown-offer"
    await house.accept("cas", to_cas)
    assert await house.holders(NIGHT) == {"cas"}


async def test_a_colleague_who_can_have_the_ticket_only_later_is_asked_then(house: House) -> None:
    offer = await house.offer("ans", NIGHT, "new@example.com")
    assert await house.told() == []
    await house.hear(enrolled("new"))
    await house.forget_told()
    assert await house.offer("ans", NIGHT, "new@example.com") == offer
    [told] = await house.told()
    assert (told.type, told.data["participant_id"]) == ("ticket.offered", str(person("new")))
    assert await house.offer("ans", NIGHT, "new@example.com") == offer
    assert len(await house.told()) == 1
    await house.accept("new", offer)
    assert await house.holders(NIGHT) == {"new"}


async def test_who_got_the_address_of_a_colleague_who_left_is_asked_anew(house: House) -> None:
    first = await house.offer("ans", NIGHT, BO)
    await house.hear(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("new-bo", email=BO))
    await house.forget_told()
    second = await house.offer("ans", NIGHT, BO)
    assert [told.data["participant_id"] for told in await house.told()] == [str(person("new-bo"))]
    assert await house.refusal(house.accept("bo", first)) == "unknown-offer"
    await house.accept("new-bo", second)
    assert await house.holders(NIGHT) == {"new-bo"}


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
