"""A partner that sends everybody at once, while replicas come and go."""

import asyncio
from collections import Counter
from itertools import chain
from typing import Any

import pytest
from fastapi import FastAPI

from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.conftest import running
from tests.service.registration.files import told
from tests.service.registration.harness import Connect, Harness, Heard, person

MESSAGES = 10_000
PEOPLE = 9_400
FAULTY = 100
QUEUE = "hr.acme.enrolments"


def burst() -> list[tuple[str, Any]]:
    """Everybody, some of them twice, and some lines of which nothing can become, all mixed."""
    people = [person(f"e-{number}", given_name=f"Noor {number}") for number in range(PEOPLE)]
    faulty = [person(f"f-{number}", email="nobody") for number in range(FAULTY)]
    twice = people[:: PEOPLE // (MESSAGES - PEOPLE - FAULTY)][: MESSAGES - PEOPLE - FAULTY]
    messages = list(chain(twice, people, faulty))
    # 10,000 and 3,331 have no divisor in common: every message comes once.
    return [("enrolment.requested", messages[number * 3_331 % MESSAGES]) for number in range(MESSAGES)]


def predicted(messages: list[tuple[str, Any]]) -> Counter[tuple[str, str]]:
    """Returns the answers of one replica, by employee reference: the first is enrolled, a fault is a fault."""
    seen: set[str] = set()
    outcomes: Counter[tuple[str, str]] = Counter()
    for _, data in messages:
        ref = data["employee_ref"]
        known = "unchanged" if ref in seen else "enrolled"
        outcomes[ref, "not_an_address" if data["email"] == "nobody" else known] += 1
        seen.add(ref)
    return outcomes


def outcome(receipt: Heard) -> str:
    """Returns what a receipt says, in a word."""
    return str(receipt.data["outcome"] if "outcome" in receipt.data else receipt.data["errors"][0]["code"])


def handled(replica: FastAPI) -> float:
    """Returns how many messages of the queue a replica has dealt with."""
    registry = replica.state.service.telemetry.registry
    return registry.get_sample_value("culture_connect_deliveries_total", {"queue": QUEUE, "outcome": "handled"}) or 0


@pytest.mark.timeout(180)
async def test_ten_thousand_messages_get_an_answer_each_although_a_replica_stops(
    harness: Harness, connect: Connect, settings: RegistrationSettings
) -> None:
    await harness.register("acme", places=12_000)
    acme = await connect("acme")
    messages = burst()
    second = build_app(settings)
    async with running(second):
        sending = asyncio.create_task(acme.send_burst(messages))
        await acme.receipts.hears(MESSAGES // 4, timeout=60)
    sent = await sending
    receipts = await acme.receipts.hears(MESSAGES, timeout=90)

    assert 0 < handled(second) < MESSAGES
    assert sorted(receipt.data["message_id"] for receipt in receipts) == sorted(sent)
    of_message = {message_id: data["employee_ref"] for message_id, (_, data) in zip(sent, messages, strict=True)}
    assert all(receipt.data["employee_ref"] == of_message[receipt.data["message_id"]] for receipt in receipts)
    assert Counter((receipt.data["employee_ref"], outcome(receipt)) for receipt in receipts) == predicted(messages)

    events = await told(harness)
    assert {(event.type, event.data["version"]) for event in events} == {("participant.enrolled", 1)}
    enrolled = {receipt.data["participant_id"] for receipt in receipts if "participant_id" in receipt.data}
    assert len(enrolled) == len(events) == PEOPLE
    assert {event.data["participant_id"] for event in events} == enrolled
    assert {event.data["given_name"] for event in events} == {f"Noor {number}" for number in range(PEOPLE)}
    assert (await harness.api.get("/partners/acme")).json()["active"] == PEOPLE
    assert len(acme.receipts.heard) == MESSAGES
