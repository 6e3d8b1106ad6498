"""Scans at the door."""

import asyncio
from datetime import timedelta

from culture_connect.contracts import Venue
from tests.service.ticketing.harness import NEXT_YEAR, Harness, scanned
from tests.support.probes import eventually
from tests.unit.ticketing.registration_events import enrolled, evening, partner, person, withdrawn

NIGHT = evening(NEXT_YEAR, capacity=2)
DANCE = evening(NEXT_YEAR, capacity=2, title="Dans", venue=Venue.NDT)


async def test_a_live_ticket_is_admitted_and_published_to_the_services_and_the_box_office(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    await harness.clear_outbox()
    assert (await harness.scan(code, NIGHT, scan_id="s1")).refusal is None
    assert await harness.counts(NIGHT) == (0, 1, 0)
    core, feed = await harness.published()
    assert (core.to, core.type, core.data["version"]) == ("core", "ticket.admitted", 2)
    assert core.data["participant_id"] == str(person("ans"))
    assert (feed.to, feed.type) == ("paard", "ticket.admitted")
    assert feed.data == {
        "ticket_id": core.data["ticket_id"],
        "evening_id": str(NIGHT.evening_id),
        "version": 2,
        "admitted_at": core.data["admitted_at"],
        "scanner": "door-1",
        "entrance": "Prinsegracht",
    }


async def test_a_second_presentation_is_refused_with_the_time_of_the_first(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    await harness.scan(code, NIGHT, scan_id="s1", minutes=1)
    await harness.clear_outbox()
    again = await harness.scan(code, NIGHT, scan_id="s2", minutes=5)
    first = scanned(code, NIGHT, "s1", 1).scanned_at
    assert (again.refusal, again.first_admitted_at) == ("already-admitted", first)
    [published] = await harness.published()
    assert (published.to, published.type) == ("paard", "admission.refused")
    assert published.data == {
        "scan_id": "s2",
        "evening_id": str(NIGHT.evening_id),
        "reason": "already-admitted",
        "first_admitted_at": first.isoformat().replace("+00:00", "Z"),
    }


async def test_a_scan_sent_twice_is_one_scan(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    first = await harness.scan(code, NIGHT, scan_id="s1")
    await harness.clear_outbox()
    assert await harness.scan(code, NIGHT, scan_id="s1") == first
    assert await harness.published() == []


async def test_a_scan_sent_twice_in_one_batch_is_one_scan(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    scan = scanned(await harness.code("ans", NIGHT), NIGHT, "s1")
    await harness.clear_outbox()
    assert [each.refusal for each in await harness.scans("paard", [scan, scan])] == [None, None]
    assert [each.type for each in await harness.published()] == ["ticket.admitted"] * 2


async def test_scans_of_one_code_racing_at_two_doors_admit_once(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    verdicts = await asyncio.gather(*(harness.scan(code, NIGHT, scan_id=f"s{nth}") for nth in range(5)))
    assert sorted(str(each.refusal) for each in verdicts) == ["None"] + ["already-admitted"] * 4
    assert await harness.counts(NIGHT) == (0, 1, 0)


async def test_a_scan_waits_for_a_cancellation_that_is_under_way(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    async with harness.applying(withdrawn("ans", 2, NEXT_YEAR.date())):
        scan = asyncio.create_task(harness.scan(code, NIGHT, scan_id="s1"))
        await eventually(harness.waiting_transactions, 1, "transactions that wait for a lock")
    assert (await scan).refusal == "cancelled"


async def test_the_same_scan_racing_with_its_copy_is_one_scan(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    verdicts = await asyncio.gather(*(harness.scan(code, NIGHT, scan_id="s1") for _ in range(4)))
    assert {each.refusal for each in verdicts} == {None}
    assert await harness.counts(NIGHT) == (0, 1, 0)


async def test_a_ticket_for_another_evening_is_refused_as_such(harness: Harness) -> None:
    other = evening(NEXT_YEAR, capacity=2, title="Andere nacht")
    await harness.apply(partner(), enrolled("ans"), NIGHT, other)
    assert (await harness.scan(await harness.code("ans", other), NIGHT, scan_id="s1")).refusal == "wrong-evening"


async def test_a_box_office_cannot_admit_at_another_venue(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT, DANCE)
    verdict = await harness.scan(await harness.code("ans", DANCE), DANCE, scan_id="s1", venue="paard")
    assert verdict.refusal == "wrong-evening"
    assert await harness.counts(DANCE) == (1, 0, 0)


async def test_a_cancelled_ticket_is_refused_as_such(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    code = await harness.code("ans", NIGHT)
    await harness.apply(withdrawn("ans", 2, NEXT_YEAR.date()))
    assert (await harness.scan(code, NIGHT, scan_id="s1")).refusal == "cancelled"


async def test_a_code_that_was_never_signed_is_unknown(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    assert (await harness.scan("never.signed.this", NIGHT, scan_id="s1")).refusal == "unknown-code"
    assert (
        await harness.scan(harness.issuer.codes.sign(person("x"), NIGHT.evening_id), NIGHT, scan_id="s2")
    ).refusal == ("unknown-code")


async def test_a_seat_once_entered_is_not_given_to_somebody_else(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    await harness.apply(withdrawn("ans", 2, NEXT_YEAR.date()))
    assert await harness.states(NIGHT) == {"ans": "admitted", "bo": "issued", "cas": "waiting"}


async def test_the_scans_of_two_venues_have_ids_of_their_own(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT, DANCE)
    assert (await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="1")).refusal is None
    assert (await harness.scan(await harness.code("ans", DANCE), DANCE, scan_id="1", venue="ndt")).refusal is None


async def test_an_earlier_scan_of_an_offline_scanner_counts_and_the_double_entry_is_published(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    code = await harness.code("ans", NIGHT)
    await harness.scan(code, NIGHT, scan_id="online", minutes=9)
    await harness.clear_outbox()
    assert (await harness.scan(code, NIGHT, scan_id="offline", minutes=4, arrives=15, offline=True)).refusal is None
    published = await harness.published("paard")
    assert [(each.type, each.data.get("scan_id")) for each in published] == [
        ("ticket.admitted", None),
        ("admission.refused", "online"),
    ]
    at_four = (NIGHT.starts_at + timedelta(minutes=4)).isoformat().replace("+00:00", "Z")
    assert (published[0].data["admitted_at"], published[0].data["version"]) == (at_four, 3)
    assert (published[1].data["reason"], published[1].data["first_admitted_at"]) == ("already-admitted", at_four)
    assert await harness.counts(NIGHT) == (1, 1, 1)
    again = await harness.scan(code, NIGHT, scan_id="online", minutes=9)
    assert (again.refusal, again.first_admitted_at) == ("already-admitted", NIGHT.starts_at + timedelta(minutes=4))
