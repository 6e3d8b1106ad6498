"""A message of an HR system, all the way: receipt, event, and who is on the list."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from culture_connect.contracts import local_day
from culture_connect.contracts.addresses import address_digest
from tests.service.registration.harness import Connect, Harness, HrSystem, person

TODAY = local_day(datetime.now(UTC))


@pytest.fixture
async def acme(harness: Harness, connect: Connect) -> HrSystem:
    """The HR system of a partner with three places."""
    await harness.register("acme", places=3)
    return await connect("acme")


async def test_an_enrolment_is_answered_told_and_kept(harness: Harness, acme: HrSystem) -> None:
    message_id = await acme.enrol("e-1", starts_on=TODAY.isoformat())
    receipt = await acme.receipt(message_id)
    [event] = await harness.events.hears(1, "participant.enrolled")
    [listed] = await harness.participants("acme")

    assert (receipt.type, receipt.data["outcome"]) == ("enrolment.accepted", "enrolled")
    assert receipt.correlation_id == message_id
    assert event.key == "participant.enrolled.acme"
    assert event.correlation_id == message_id
    assert event.data == {
        "participant_id": receipt.data["participant_id"],
        "partner": "acme",
        "given_name": "Noor",
        "family_name": "de Vries",
        "email": "e-1@example.org",
        "language": "nl",
        "starts_on": TODAY.isoformat(),
        "ends_on": None,
        "version": 1,
    }
    assert (listed["participant_id"], listed["standing"]) == (receipt.data["participant_id"], "enrolled")


async def test_a_whole_life_is_one_participant_until_they_are_erased(harness: Harness, acme: HrSystem) -> None:
    steps: list[tuple[str, dict[str, Any]]] = [
        ("enrolment.requested", person("e-1")),
        ("enrolment.requested", person("e-1")),
        ("enrolment.requested", person("e-1", family_name="van der Meer", language="en")),
        ("enrolment.withdrawn", {"employee_ref": "e-1"}),
        ("enrolment.withdrawn", {"employee_ref": "e-1"}),
        ("enrolment.requested", person("e-1")),
        ("enrolment.erased", {"employee_ref": "e-1"}),
        ("enrolment.erased", {"employee_ref": "e-1"}),
        ("enrolment.requested", person("e-1")),
    ]
    sent = [await acme.send(type_, data) for type_, data in steps]
    outcomes = [await acme.outcome(message_id) for message_id in sent]
    events = await harness.events.hears(6, *PARTICIPANT_EVENTS)
    first, last = events[0].data["participant_id"], events[-1].data["participant_id"]

    assert outcomes == [
        "enrolled",
        "unchanged",
        "changed",
        "withdrawn",
        "unchanged",
        "enrolled",
        "erased",
        "erased",
        "enrolled",
    ]
    assert [(event.type, event.data["version"]) for event in events] == [
        ("participant.enrolled", 1),
        ("participant.changed", 2),
        ("participant.withdrawn", 3),
        ("participant.enrolled", 4),
        ("participant.erased", 5),
        ("participant.enrolled", 1),
    ]
    assert [event.data["participant_id"] for event in events] == [first] * 5 + [last]
    assert first != last
    assert [each["participant_id"] for each in await harness.participants("acme")] == [last]


PARTICIPANT_EVENTS = (
    "participant.enrolled",
    "participant.changed",
    "participant.withdrawn",
    "participant.erased",
)


async def test_a_start_and_a_withdrawal_may_lie_ahead(harness: Harness, acme: HrSystem) -> None:
    soon = (TODAY + timedelta(days=7)).isoformat()
    starting = await acme.enrol("e-1", starts_on=soon)
    leaving = await acme.send("enrolment.withdrawn", {"employee_ref": "e-1", "effective_on": soon})

    assert await acme.outcome(starting) == "scheduled"
    assert await acme.outcome(leaving) == "scheduled"
    [event] = await harness.events.hears(1, "participant.withdrawn")
    assert event.data["effective_on"] == soon
    [listed] = await harness.participants("acme")
    assert (listed["standing"], listed["leaves_on"]) == ("enrolled", soon)


async def test_a_partner_named_in_the_payload_is_ignored(harness: Harness, acme: HrSystem) -> None:
    await harness.register("zeebank")
    message_id = await acme.enrol("e-1", partner="zeebank", birth_date="2001-02-03")
    assert await acme.outcome(message_id) == "enrolled"
    [event] = await harness.events.hears(1, "participant.enrolled")
    assert (event.key, event.data["partner"]) == ("participant.enrolled.acme", "acme")
    assert "birth_date" not in event.data
    assert await harness.participants("zeebank") == []


async def test_partners_may_have_the_same_reference_and_address(
    harness: Harness, acme: HrSystem, connect: Connect
) -> None:
    await harness.register("zeebank")
    zeebank = await connect("zeebank")
    assert await acme.outcome(await acme.enrol("e-1")) == "enrolled"
    assert await zeebank.outcome(await zeebank.enrol("e-1")) == "enrolled"
    events = await harness.events.hears(2, "participant.enrolled")
    assert len({event.data["participant_id"] for event in events}) == 2


async def test_places_and_addresses_are_refused_when_taken(acme: HrSystem) -> None:
    for number in (1, 2, 3):
        await acme.enrol(f"e-{number}")
    assert await acme.outcome(await acme.enrol("e-4", email="E-1@EXAMPLE.org")) == "email_in_use no_places_left"
    await acme.send("enrolment.withdrawn", {"employee_ref": "e-1"})
    assert await acme.outcome(await acme.enrol("e-4", email="E-1@EXAMPLE.org")) == "enrolled"
    assert await acme.outcome(await acme.enrol("e-1")) == "email_in_use no_places_left"


async def test_the_same_message_twice_has_one_effect_and_one_receipt(harness: Harness, acme: HrSystem) -> None:
    message_id = str(uuid4())
    for _ in range(3):
        await acme.send("enrolment.requested", person("e-1"), id=message_id)
    await acme.outcome(await acme.enrol("e-2"))
    receipts = [each for each in acme.receipts.heard if each.data["message_id"] == message_id]
    assert [each.data["outcome"] for each in receipts] == ["enrolled"]
    assert len(await harness.events.hears(2, "participant.enrolled")) == 2


async def test_an_id_used_for_another_message_is_refused(harness: Harness, acme: HrSystem) -> None:
    message_id = await acme.enrol("e-1")
    await acme.outcome(message_id)
    await acme.send("enrolment.requested", person("e-2"), id=message_id)
    refusals = await acme.receipts.hears(1, "enrolment.refused")
    assert [error["code"] for error in refusals[0].data["errors"]] == ["message_id_reused"]
    assert len(await harness.participants("acme")) == 1


async def test_an_erasure_with_the_id_of_a_withdrawal_is_refused_and_not_taken_for_it(
    harness: Harness, acme: HrSystem
) -> None:
    await acme.outcome(await acme.enrol("e-1"))
    message_id = await acme.send("enrolment.withdrawn", {"employee_ref": "e-1"})
    await acme.outcome(message_id)
    await acme.send("enrolment.erased", {"employee_ref": "e-1"}, id=message_id)
    [refusal] = await acme.receipts.hears(1, "enrolment.refused")
    assert [error["code"] for error in refusal.data["errors"]] == ["message_id_reused"]


async def test_addresses_may_change_hands_within_a_batch(harness: Harness, acme: HrSystem) -> None:
    await acme.enrol("e-1", email="ann@example.org")
    await acme.outcome(await acme.enrol("e-2", email="bo@example.org"))
    await acme.enrol("e-1", email="cy@example.org")
    await acme.enrol("e-2", email="ann@example.org")
    assert await acme.outcome(await acme.enrol("e-1", email="bo@example.org")) == "changed"
    listed = {each["employee_ref"]: each["email"] for each in await harness.participants("acme")}
    assert listed == {"e-1": "bo@example.org", "e-2": "ann@example.org"}


async def test_mail_that_does_not_arrive_is_told_to_hr(harness: Harness, acme: HrSystem) -> None:
    receipt = await acme.receipt(await acme.enrol("e-1"))
    participant_id = receipt.data["participant_id"]
    await harness.tell("mail.undeliverable", {"participant_id": str(uuid4())})
    message_id = await harness.tell("mail.undeliverable", {"participant_id": participant_id})
    [bounce] = await acme.receipts.hears(1, "enrolment.undeliverable")
    assert bounce.data == {"participant_id": participant_id, "employee_ref": "e-1", "email": "e-1@example.org"}
    assert bounce.correlation_id == message_id


async def test_hr_hears_which_address_bounces_and_nothing_of_one_that_it_corrected_since(
    harness: Harness, acme: HrSystem
) -> None:
    receipt = await acme.receipt(await acme.enrol("e-1", email="wrong@example.org"))
    who = {"participant_id": receipt.data["participant_id"]}
    await acme.outcome(await acme.enrol("e-1", email="right@example.org"))
    for address in ("wrong@example.org", "right@EXAMPLE.org"):
        digest = address_digest("acme", address).hex()
        await harness.tell("mail.undeliverable", {**who, "address_sha256": digest})
    [bounce] = await acme.receipts.hears(1, "enrolment.undeliverable")
    assert bounce.data == {**who, "employee_ref": "e-1", "email": "right@example.org"}


@pytest.mark.timeout(180)
async def test_a_burst_is_answered_completely(harness: Harness, connect: Connect) -> None:
    await harness.register("zeebank", places=2000)
    zeebank = await connect("zeebank")
    sent = await zeebank.send_all([("enrolment.requested", person(f"e-{number}")) for number in range(2000)])
    receipts = await zeebank.receipts.hears(2000, "enrolment.accepted", timeout=80)
    events = await harness.events.hears(2000, "participant.enrolled", timeout=80)
    assert sorted(receipt.data["message_id"] for receipt in receipts) == sorted(sent)
    assert len({event.data["participant_id"] for event in events}) == 2000
