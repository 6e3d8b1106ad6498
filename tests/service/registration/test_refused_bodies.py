"""Messages that cannot be answered are kept as summaries, and answers have a bound."""

import json

import pytest

from tests.service.registration.harness import Connect, Harness, HrSystem, person

CANARY = "Canary van der Test"


@pytest.fixture
async def acme(harness: Harness, connect: Connect) -> HrSystem:
    """The HR system that makes the mistakes."""
    await harness.register("acme")
    return await connect("acme")


async def test_a_message_without_an_id_leaves_nothing_of_the_person(harness: Harness, acme: HrSystem) -> None:
    sent = person("e-4711", given_name=CANARY)
    await acme.send_without_id("enrolment.requested", sent)
    letter = await harness.dead_letter()
    summary = json.loads(letter.body)
    assert letter.headers["cc-dead-body"] == "summary"
    assert summary["size"] == len(json.dumps(sent))
    assert [(each["field"], each["code"]) for each in summary["problems"]] == [("id", "missing")]
    assert summary["beginning"].startswith('{"employee_ref": "a-9999", "given_name": "aaaaaa aaa aaa aaaa"')
    assert not [word for word in ("Canary", "4711", "Noor", "Vries") if word in f"{letter.body!r} {letter.headers}"]


async def test_a_receipt_stays_small_whatever_it_refuses(acme: HrSystem) -> None:
    worst = {
        "ce-specversion": "9" * 3000,
        "ce-type": "x" * 3000,
        "ce-source": "\x01" * 3000,
        "ce-subject": "\x01" * 3000,
        "ce-time": "x" * 3000,
        **{f"when-{n}": 2**40 for n in range(20)},
    }
    wrong = dict.fromkeys(person("e-1"), CANARY * 1000)
    for headers in (worst, {}):
        receipt = await acme.receipt(await acme.send("enrolment.requested", wrong, headers=headers))
        assert receipt.type == "enrolment.refused"
        assert len(json.dumps(receipt.data)) < 4_000
        assert "Canary" not in json.dumps(receipt.data)
