"""Every message of an HR system gets a receipt or a dead letter, and never stops the queue."""

from typing import Any

import pytest
from aio_pika.exceptions import AMQPError

from tests.service.registration.harness import Connect, Harness, HrSystem, person

REQUESTED = "enrolment.requested"


@pytest.fixture
async def acme(harness: Harness, connect: Connect) -> HrSystem:
    """The HR system that makes the mistakes."""
    await harness.register("acme")
    return await connect("acme")


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


BAD = {
    "not JSON": (REQUESTED, b"<employee/>", None, "not_json"),
    "nothing at all": (REQUESTED, b"", None, "not_json"),
    "JSON cut short": (REQUESTED, b'{"employee_ref": "e-1"', None, "not_json"),
    "nested without end": (REQUESTED, deep(50_000), None, "too_deep"),
    "not UTF-8": (REQUESTED, '{"employee_ref": "é"}'.encode("latin-1"), None, "not_utf8"),
    "half a surrogate pair": (REQUESTED, b'{"employee_ref": "\\ud800"}', None, "not_json"),
    "a list": (REQUESTED, [], None, "not_an_object"),
    "unknown type": ("enrolment.guessed", person("e-1"), "type", "unknown_type"),
    "another service's type": ("participant.enrolled", person("e-1"), "type", "unknown_type"),
    "no type": (None, person("e-1"), "type", "missing"),
    "missing field": (REQUESTED, {"employee_ref": "e-1", "given_name": "Noor"}, "email", "missing"),
    "a number for a name": (REQUESTED, person("e-1", given_name=5), "given_name", "not_a_string"),
    "an object for a name": (REQUESTED, person("e-1", given_name={"a": 1}), "given_name", "not_a_string"),
    "no name": (REQUESTED, person("e-1", given_name="  ", family_name=""), "family_name", "no_name"),
    "a long name": (REQUESTED, person("e-1", given_name="a" * 101), "given_name", "too_long"),
    "a long reference": (REQUESTED, person("e" * 65, email="e@example.org"), "employee_ref", "too_long"),
    "not an address": (REQUESTED, person("e-1", email="nobody"), "email", "not_an_address"),
    "an unknown language": (REQUESTED, person("e-1", language="de"), "language", "not_allowed"),
    "not a date": (REQUESTED, person("e-1", starts_on="soon"), "starts_on", "not_a_date"),
    "a number for a date": (REQUESTED, person("e-1", starts_on=20270101), "starts_on", "not_a_date"),
    "ends before it starts": (
        REQUESTED,
        person("e-1", starts_on="2027-02-01", ends_on="2027-01-01"),
        "ends_on",
        "before_start",
    ),
    "a header in a name": (REQUESTED, person("e-1", given_name="A\r\nBcc: x@y.zz"), "given_name", "control_character"),
    "an encoded header": (REQUESTED, person("e-1", family_name="=?utf-8?q?hi=0ABcc?="), "family_name", "encoded_word"),
    "a header in an address": (REQUESTED, person("e-1", email="a@b.zz\nBcc: x@y.zz"), "email", "control_character"),
    "a null character": (REQUESTED, person("e-1", given_name="No\x00or"), "given_name", "control_character"),
    "a turn of direction": (REQUESTED, person("e-1", family_name="\u200fVries"), "family_name", "control_character"),
    "a withdrawal of nobody": ("enrolment.withdrawn", {"employee_ref": "e-9"}, "employee_ref", "unknown_employee"),
    "an erasure of nobody": ("enrolment.erased", {"employee_ref": "e-9"}, "employee_ref", "unknown_employee"),
}


async def test_whatever_is_wrong_is_answered_and_the_next_message_is_handled(harness: Harness, acme: HrSystem) -> None:
    answers = {}
    for name, (type_, data, _, _) in BAD.items():
        message_id = await acme.send(type_, data)
        following = await acme.enrol("e-2")
        receipt = await acme.receipt(message_id)
        assert (receipt.type, receipt.correlation_id) == ("enrolment.refused", message_id), name
        assert await acme.outcome(following) in ("enrolled", "unchanged"), name
        error = receipt.data["errors"][0]
        assert error["message"], name
        answers[name] = (error["field"], error["code"])
    assert answers == {name: (field, code) for name, (_, _, field, code) in BAD.items()}
    assert len(await harness.participants("acme")) == 1


async def test_a_refusal_names_the_employee_when_it_can_be_told(acme: HrSystem) -> None:
    known = await acme.receipt(await acme.enrol("e-1", email="nobody"))
    unknown = await acme.receipt(await acme.enrol("e" * 65))
    assert known.data["employee_ref"] == "e-1"
    assert unknown.data["employee_ref"] is None


async def test_all_of_it_in_one_burst_is_answered_once_each(harness: Harness, acme: HrSystem) -> None:
    sent = await acme.send_all([(type_, data) for type_, data, _, _ in BAD.values()] * 4)
    good = await acme.enrol("e-1")
    assert await acme.outcome(good) == "enrolled"
    refusals = await acme.receipts.hears(len(sent), "enrolment.refused")
    assert sorted(each.data["message_id"] for each in refusals) == sorted(sent)
    assert len(await harness.participants("acme")) == 1


@pytest.mark.parametrize("data", [person("e-1"), b"<employee/>"], ids=["valid", "not JSON"])
async def test_a_message_without_an_id_is_a_dead_letter_that_says_so(
    harness: Harness, acme: HrSystem, data: Any
) -> None:
    await acme.send_without_id(REQUESTED, data)
    letter = await harness.dead_letter()
    assert letter.headers["cc-dead-reason"] == "missing"
    assert letter.headers["cc-dead-queue"] == "hr.acme.enrolments"
    assert await acme.outcome(await acme.enrol("e-2")) == "enrolled"
    assert len(acme.receipts.heard) == 1


async def test_a_body_that_is_too_large_is_refused_by_the_broker(acme: HrSystem) -> None:
    with pytest.raises(AMQPError):
        await acme.send(REQUESTED, b'"' + b"x" * 300 * 1024 + b'"')
    await acme.log_in()
    assert await acme.outcome(await acme.enrol("e-1")) == "enrolled"


@pytest.mark.parametrize("header", [{"CC": ["hr.zeebank.enrolments"]}, {"BCC": ["receipts"]}, {"cc-attempt": 99}])
async def test_headers_that_would_steer_have_no_effect(acme: HrSystem, header: dict[str, Any]) -> None:
    message_id = await acme.send(REQUESTED, person("e-1"), headers=header)
    assert await acme.outcome(message_id) == "enrolled"
    assert len(acme.receipts.heard) == 1
