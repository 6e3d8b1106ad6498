"""A ticket is offered to a colleague, and only theirs once they agree."""

from datetime import timedelta
from uuid import uuid4

import pytest

from culture_connect.contracts import Admission
from culture_connect.contracts.addresses import address_digest
from tests.service.ticketing.harness import Harness
from tests.service.ticketing.transfers.constants import BO, DAY_OF_NIGHT, NIGHT
from tests.unit.ticketing.registration_events import (
    enrolled,
    evening_changed,
    left,
    person,
    withdrawn,
)
from ticketing.store import personal_pages
from ticketing.tickets.links import digest_of

# Offering


@pytest.mark.parametrize("address", [BO, "BO@EXAMPLE.COM", "Bo@Example.com", "  bo@EXAMPLE.com ", "\tbO@example.com\n"])
async def test_a_colleague_is_found_by_their_address_however_it_is_spelled(harness: Harness, address: str) -> None:
    offer = await harness.offer("ans", NIGHT, address)
    [published] = await harness.published()
    assert (published.to, published.type) == ("core", "ticket.offered")
    link = published.data.pop("link")
    assert published.data == {
        "offer_id": str(offer),
        "ticket_id": str(await harness.ticket("ans", NIGHT)),
        "participant_id": str(person("bo")),
        "holder_id": str(person("ans")),
        "evening_id": str(NIGHT.evening_id),
        "address_sha256": address_digest("acme", BO).hex(),
    }
    async with harness.database.begin() as work:
        assert await personal_pages.owner(work, digest_of(link.rpartition("/")[2])) == (NIGHT.evening_id, person("bo"))


@pytest.mark.parametrize("address", ["noor.de.vries@voorbeeld.nl", "Noor.De.Vries@VOORBEELD.NL"])
async def test_a_colleague_is_found_however_their_own_organisation_spells_the_address(
    harness: Harness, address: str
) -> None:
    await harness.apply(enrolled("noor", email="NOOR.de.Vries@Voorbeeld.NL"))
    await harness.offer("ans", NIGHT, address)
    assert (await harness.published())[-1].data["participant_id"] == str(person("noor"))


async def test_of_two_who_had_one_address_after_each_other_the_one_who_takes_part_is_asked(harness: Harness) -> None:
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("new-bo", email=BO))
    await harness.offer("ans", NIGHT, BO)
    assert (await harness.published())[-1].data["participant_id"] == str(person("new-bo"))


async def test_the_ticket_stays_with_its_holder_until_the_colleague_agrees(harness: Harness) -> None:
    known = await harness.everything()
    await harness.offer("ans", NIGHT, BO)
    changed = {table for table, rows in (await harness.everything()).items() if rows != known[table]}
    assert changed == {"offers", "pages", "outbox"}
    assert (await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")).refusal is None


# Agreeing


async def test_a_colleague_who_agrees_has_the_ticket_under_a_new_code(harness: Harness) -> None:
    old = await harness.code("ans", NIGHT)
    received = await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert (received.participant_id, received.state, received.partner) == (person("bo"), "issued", "acme")
    assert await harness.states(NIGHT) == {"bo": "issued"}
    assert await harness.counts(NIGHT) == (1, 0, 0)
    new = await harness.code("bo", NIGHT)
    assert harness.issuer.codes.ticket_of(new) == received.ticket_id != harness.issuer.codes.ticket_of(old)


async def test_at_the_door_the_old_code_was_passed_on_and_the_new_one_is_good(harness: Harness) -> None:
    old = await harness.code("ans", NIGHT)
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert (await harness.scan(old, NIGHT, scan_id="s1")).refusal == "passed-on"
    assert (await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="s2")).refusal is None
    assert (await harness.scan(old, NIGHT, scan_id="s3")).refusal == "passed-on"


async def test_both_ends_are_published_that_one_ticket_is_no_more_and_another_is(harness: Harness) -> None:
    given, code = await harness.ticket("ans", NIGHT), await harness.code("ans", NIGHT)
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.clear_outbox()
    received = (await harness.accept("bo", offer)).ticket_id
    published = await harness.published()
    assert [(each.to, each.type, each.data["ticket_id"], each.data["version"]) for each in published] == [
        ("core", "ticket.cancelled", str(given), 2),
        ("paard", "ticket.cancelled", str(given), 2),
        ("core", "ticket.issued", str(received), 1),
        ("paard", "ticket.issued", str(received), 1),
    ]
    gone, gone_at_the_door, new, new_at_the_door = (each.data for each in published)
    assert gone["reason"] == gone_at_the_door["reason"] == "passed-on"
    assert (gone["participant_id"], new["participant_id"]) == (str(person("ans")), str(person("bo")))
    assert new["code"] == new_at_the_door["code"] == await harness.code("bo", NIGHT) != code
    assert new_at_the_door["holder_name"] == "Bo de Vries"


async def test_it_is_kept_who_gave_and_who_received(harness: Harness) -> None:
    await harness.accept("bo", await harness.offer("ans", NIGHT, BO))
    assert (await harness.decisions(NIGHT))[-2:] == [("ans", "lost", "passed-on"), ("bo", "granted", "colleague")]


async def test_the_link_of_the_new_ticket_opens_the_colleagues_page(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.clear_outbox()
    await harness.accept("bo", offer)
    [secret] = await harness.secrets("bo", NIGHT)
    async with harness.database.begin() as work:
        assert await personal_pages.owner(work, digest_of(secret)) == (NIGHT.evening_id, person("bo"))


async def test_agreeing_twice_is_agreeing_once(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    received = await harness.accept("bo", offer)
    known = await harness.everything()
    assert await harness.accept("bo", offer) == received
    assert await harness.everything() == known


async def test_who_agreed_and_then_declined_has_nothing_left_to_agree_to(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.accept("bo", offer)
    await harness.decline("bo", NIGHT)
    assert await harness.refusal(harness.accept("bo", offer)) == "unknown-offer"


@pytest.mark.parametrize("name", ["ans", "cas", "zoe"])
async def test_nobody_agrees_for_somebody_else(harness: Harness, name: str) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    assert await harness.refusal(harness.accept(name, offer)) == "not-yours"
    await harness.accept("bo", offer)
    assert await harness.refusal(harness.accept(name, offer)) == "not-yours"


async def test_an_offer_that_there_is_not_cannot_be_answered(harness: Harness) -> None:
    for attempt in (harness.accept, harness.refuse, harness.take_back):
        assert await harness.refusal(attempt("bo", uuid4())) == "unknown-offer"


# What happens between the offer and the answer


async def test_an_offer_is_void_when_the_holder_declines(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.decline("ans", NIGHT)
    assert await harness.refusal(harness.accept("bo", offer)) == "ticket-ended"
    # The ticket that Ans asks for after that is another one.
    await harness.ask_in_turn(NIGHT, "ans")
    assert await harness.refusal(harness.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_ticket_was_passed_on_to_somebody_else(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.pass_on("ans", NIGHT, "cas")
    assert await harness.refusal(harness.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_holder_withdraws(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await harness.refusal(harness.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_the_organisation_leaves(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.apply(left())
    assert await harness.refusal(harness.accept("bo", offer)) == "ticket-ended"


async def test_an_offer_is_void_when_somebody_went_in_with_the_ticket(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    assert await harness.refusal(harness.accept("bo", offer)) == "already-admitted"


async def test_an_offer_is_void_when_the_colleague_got_a_ticket_of_their_own(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.ask_in_turn(NIGHT, "bo")
    assert await harness.refusal(harness.accept("bo", offer)) == "colleague-has-ticket"


async def test_an_offer_is_void_when_the_colleague_takes_part_no_more(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT))
    assert await harness.refusal(harness.accept("bo", offer)) == "colleague-not-active"


async def test_an_offer_holds_until_the_evening_begins(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    harness.now = NIGHT.starts_at
    assert await harness.refusal(harness.accept("bo", offer)) == "evening-begun"
    harness.now = NIGHT.starts_at - timedelta(seconds=1)
    await harness.accept("bo", offer)
    assert await harness.holders(NIGHT) == {"bo"}


async def test_a_second_offer_replaces_the_first(harness: Harness) -> None:
    first = await harness.offer("ans", NIGHT, BO)
    second = await harness.offer("ans", NIGHT, "cas@example.com")
    assert await harness.refusal(harness.accept("bo", first)) == "unknown-offer"
    await harness.accept("cas", second)
    assert await harness.holders(NIGHT) == {"cas"}
    assert await harness.refusal(harness.accept("bo", first)) == "unknown-offer"


async def test_an_offer_made_again_to_the_same_colleague_is_the_same_offer(harness: Harness) -> None:
    first = await harness.offer("ans", NIGHT, BO)
    for _ in range(15):
        harness.wait()
        assert await harness.offer("ans", NIGHT, BO.upper()) == first
    assert [published.type for published in await harness.published()] == ["ticket.offered"]
    await harness.accept("bo", first)
    assert await harness.holders(NIGHT) == {"bo"}


@pytest.mark.parametrize("ended_by", ["ans", "bo"])
async def test_an_offer_that_was_ended_and_is_made_again_makes_one_letter_a_day(
    harness: Harness, ended_by: str
) -> None:
    first = await harness.offer("ans", NIGHT, BO)
    for _ in range(15):
        await (harness.take_back("ans", first) if ended_by == "ans" else harness.refuse("bo", first))
        assert await harness.refusal(harness.accept("bo", first)) == "unknown-offer"
        assert await harness.offer("ans", NIGHT, BO) == first
    assert [published.type for published in await harness.published()] == ["ticket.offered"]
    await harness.take_back("ans", first)
    harness.wait(minutes=25 * 60)
    second = await harness.offer("ans", NIGHT, BO)
    assert second != first
    assert [published.type for published in await harness.published()] == ["ticket.offered"] * 2
    await harness.accept("bo", second)
    assert await harness.holders(NIGHT) == {"bo"}


async def test_offers_to_one_colleague_and_another_in_turn_make_a_letter_each(harness: Harness) -> None:
    to_bo, to_cas = await harness.offer("ans", NIGHT, BO), await harness.offer("ans", NIGHT, "cas@example.com")
    for _ in range(5):
        assert await harness.offer("ans", NIGHT, BO) == to_bo
        assert await harness.refusal(harness.accept("cas", to_cas)) == "unknown-offer"
        assert await harness.offer("ans", NIGHT, "cas@example.com") == to_cas
    assert len(await harness.published()) == 2
    assert await harness.refusal(harness.accept("bo", to_bo)) == "unknown-offer"
    await harness.accept("cas", to_cas)
    assert await harness.holders(NIGHT) == {"cas"}


async def test_a_colleague_who_can_have_the_ticket_only_later_is_asked_then(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, "new@example.com")
    assert await harness.published() == []
    await harness.apply(enrolled("new"))
    await harness.clear_outbox()
    assert await harness.offer("ans", NIGHT, "new@example.com") == offer
    [published] = await harness.published()
    assert (published.type, published.data["participant_id"]) == ("ticket.offered", str(person("new")))
    assert await harness.offer("ans", NIGHT, "new@example.com") == offer
    assert len(await harness.published()) == 1
    await harness.accept("new", offer)
    assert await harness.holders(NIGHT) == {"new"}


async def test_who_got_the_address_of_a_colleague_who_left_is_asked_anew(harness: Harness) -> None:
    first = await harness.offer("ans", NIGHT, BO)
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT), enrolled("new-bo", email=BO))
    await harness.clear_outbox()
    second = await harness.offer("ans", NIGHT, BO)
    assert [published.data["participant_id"] for published in await harness.published()] == [str(person("new-bo"))]
    assert await harness.refusal(harness.accept("bo", first)) == "unknown-offer"
    await harness.accept("new-bo", second)
    assert await harness.holders(NIGHT) == {"new-bo"}


async def test_a_holder_takes_an_offer_back(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.take_back("ans", offer)
    await harness.take_back("ans", offer)
    assert await harness.refusal(harness.accept("bo", offer)) == "unknown-offer"
    assert await harness.refusal(harness.refuse("bo", offer)) == "unknown-offer"
    assert await harness.holders(NIGHT) == {"ans"}


async def test_only_the_holder_takes_an_offer_back_and_only_while_it_is_open(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    for name in ("bo", "cas"):
        assert await harness.refusal(harness.take_back(name, offer)) == "not-yours"
    await harness.accept("bo", offer)
    assert await harness.refusal(harness.take_back("ans", offer)) == "unknown-offer"


async def test_a_colleague_refuses_and_the_holder_may_ask_another_one(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    await harness.refuse("bo", offer)
    await harness.refuse("bo", offer)
    assert await harness.refusal(harness.accept("bo", offer)) == "unknown-offer"
    assert await harness.holders(NIGHT) == {"ans"}
    await harness.accept("cas", await harness.offer("ans", NIGHT, "cas@example.com"))
    assert await harness.holders(NIGHT) == {"cas"}


async def test_only_the_colleague_refuses_and_only_while_it_is_open(harness: Harness) -> None:
    offer = await harness.offer("ans", NIGHT, BO)
    for name in ("ans", "cas"):
        assert await harness.refusal(harness.refuse(name, offer)) == "not-yours"
    await harness.accept("bo", offer)
    assert await harness.refusal(harness.refuse("bo", offer)) == "unknown-offer"


async def test_refusing_an_offer_is_no_answer_to_the_evening(harness: Harness) -> None:
    await harness.refuse("bo", await harness.offer("ans", NIGHT, BO))
    await harness.apply(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC))
    assert "bo" in await harness.states(NIGHT)
