"""Events published to the other services and the box offices."""

from joserfc.jwk import OKPKey

from culture_connect.contracts import Venue
from culture_connect.contracts.addresses import address_digest
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    evening,
    evening_cancelled,
    evening_changed,
    partner,
    partner_changed,
    person,
    withdrawn,
)
from ticketing.tickets.codes import Codes

NIGHT = evening(NEXT_YEAR, capacity=1)
DAY_OF_NIGHT = NEXT_YEAR.date()


async def test_a_box_office_receives_its_evenings_as_they_were_published(harness: Harness) -> None:
    moved = evening_changed(NIGHT, 2, location="Zuiderstrandtheater")
    gone = evening_cancelled(NIGHT, 3)
    await harness.apply(NIGHT)
    await harness.apply(moved, gone)
    published = await harness.published("paard")
    assert [each.type for each in published] == ["evening.scheduled", "evening.changed", "evening.cancelled"]
    assert [each.data for each in published] == [each.model_dump(mode="json") for each in (NIGHT, moved, gone)]


async def test_a_box_office_receives_no_other_venues_evenings_and_tickets(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT, evening(NEXT_YEAR, venue=Venue.NDT, title="Dans"))
    for venue in ("paard", "ndt"):
        assert [each.type for each in await harness.published(venue)] == ["evening.scheduled", "ticket.issued"]


async def test_an_issued_ticket_is_published_to_the_services_and_with_the_holders_name_to_the_box_office(
    harness: Harness,
) -> None:
    await harness.apply(partner(), enrolled("ans"))
    [cause] = await harness.apply(NIGHT)
    [core, feed] = await harness.published(subject="ticket")
    assert core.data == {
        "ticket_id": feed.data["ticket_id"],
        "participant_id": str(person("ans")),
        "evening_id": str(NIGHT.evening_id),
        "version": 1,
        "code": feed.data["code"],
        "issued_at": feed.data["issued_at"],
        "link": core.data["link"],
        "passed_on_by": None,
        "address_sha256": address_digest("acme", "ans@example.com").hex(),
    }
    assert core.data["link"].startswith("https://mijn.cultureconnect.example/my/")
    assert set(feed.data) == {
        "ticket_id",
        "evening_id",
        "code",
        "holder_name",
        "partner_name",
        "version",
        "issued_at",
    }
    assert (feed.data["holder_name"], feed.data["partner_name"]) == ("Ans de Vries", "Acme")
    assert core.correlation_id == feed.correlation_id == cause.id


async def test_what_happens_to_somebody_is_traced_to_the_message_about_them(harness: Harness) -> None:
    await harness.apply(partner(), evening(NEXT_YEAR, capacity=5))
    ans, bo = await harness.apply(enrolled("ans"), enrolled("bo"))
    causes = {each.data["participant_id"]: each.correlation_id for each in await harness.published("core")}
    assert causes == {str(person("ans")): ans.id, str(person("bo")): bo.id}


async def test_the_services_receive_places_on_the_waiting_list_and_no_box_office_does(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(enrolled("dee"))
    waiting = [each for each in await harness.published() if each.type == "ticket.waitlisted"]
    assert [(each.to, each.data["participant_id"], each.data["position"]) for each in waiting] == [
        ("core", str(person("bo")), 1),
        ("core", str(person("cas")), 2),
        ("core", str(person("dee")), 3),
    ]


async def test_who_enrolled_earlier_but_arrived_later_gets_the_place_they_have_in_the_line(harness: Harness) -> None:
    earlier = await harness.apply(partner("elsewhere"))
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.clear_outbox()
    await harness.apply(enrolled("dee"), at=earlier[0].time)
    assert await harness.line(NIGHT) == ["dee", "bo", "cas"]
    [place] = await harness.published()
    assert place.data["position"] == 1


async def test_versions_of_a_ticket_grow_by_one_for_the_services_and_for_the_box_office(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT))
    scenario = [(each.to, each.type, each.data["version"]) for each in await harness.published(subject="ticket")]
    # Bo's ticket was a waiting place first, which the box office never heard of.
    assert scenario == [
        ("core", "ticket.issued", 1),
        ("paard", "ticket.issued", 1),
        ("core", "ticket.waitlisted", 1),
        ("core", "ticket.cancelled", 2),
        ("paard", "ticket.cancelled", 2),
        ("core", "ticket.issued", 2),
        ("paard", "ticket.issued", 1),
        ("core", "ticket.cancelled", 3),
        ("paard", "ticket.cancelled", 2),
    ]


async def test_a_waiting_place_that_ends_is_published_to_the_services_only(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), NIGHT)
    await harness.clear_outbox()
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT))
    assert [(each.to, each.type) for each in await harness.published()] == [("core", "ticket.cancelled")]


async def test_every_code_leads_to_its_own_ticket_and_to_no_person(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), evening(NEXT_YEAR, capacity=5))
    issued = [each for each in await harness.published("paard") if each.type == "ticket.issued"]
    assert len(issued) == 2
    for each in issued:
        assert str(harness.issuer.codes.ticket_of(each.data["code"])) == each.data["ticket_id"]
        assert Codes(OKPKey.generate_key("Ed25519")).ticket_of(each.data["code"]) is None


async def test_nothing_older_than_what_is_known_is_published(harness: Harness) -> None:
    await harness.apply(evening_changed(NIGHT, 3, capacity=4))
    await harness.apply(NIGHT, evening_changed(NIGHT, 2, capacity=9))
    assert [each.data["version"] for each in await harness.published("paard")] == [3]
    [row] = await harness.rows("select capacity, version from evenings")
    assert (row.capacity, row.version) == (4, 3)


async def test_a_box_office_receives_how_a_holder_is_called_by_now(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), NIGHT)
    [ticket] = [each.data for each in await harness.published("paard") if each.type == "ticket.issued"]
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2, family_name="Jansen"), changed("bo", 2, family_name="Bakker"))
    [published] = await harness.published()
    assert (published.to, published.type) == ("paard", "ticket.issued")
    assert published.data == ticket | {"version": 2, "holder_name": "Ans Jansen"}
    await harness.clear_outbox()
    await harness.apply(changed("ans", 3, family_name="Jansen"))
    assert await harness.published() == []


async def test_a_box_office_receives_how_a_partner_is_called_by_now(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.clear_outbox()
    await harness.apply(partner_changed("acme", 2, name="Acme Duurzaam"))
    [published] = await harness.published()
    assert (published.type, published.data["version"], published.data["partner_name"]) == (
        "ticket.issued",
        2,
        "Acme Duurzaam",
    )
