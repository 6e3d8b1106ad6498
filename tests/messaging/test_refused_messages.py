"""A bounded summary is kept of messages of outside parties that nobody can read: enough to explain them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging import BatchSubscriber, Service
from culture_connect.messaging.consuming import refusals as counted
from tests.messaging.kit import Kit, erasure
from tests.support.hashes import HASHES
from tests.support.probes import eventually

CANARY = "Canary van der Test"
QUEUE = "box-office.paard.admissions"


@asynccontextmanager
async def consuming_from_a_party(kit: Kit) -> AsyncIterator[Service]:
    await kit.add_venue("paard")

    async def follow() -> list[BatchSubscriber]:
        return [kit.admissions.for_party("paard")]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: kit.consumers(QUEUE), 1, "consumers")
        yield replica


async def first_dead_letter(kit: Kit) -> AbstractIncomingMessage:
    [dead] = await kit.take("ticketing.dead", 1, "edge")
    return dead


async def test_the_body_of_a_message_that_nobody_can_read_is_not_kept(kit: Kit) -> None:
    body = json.dumps({"participant_id": 4711, "Naam": CANARY, "note": {CANARY: [CANARY, True]}}).encode()
    async with consuming_from_a_party(kit):
        await kit.publish_raw(body, id="wrong", vhost="edge", queue=QUEUE)
        dead = await first_dead_letter(kit)
    assert (dead.headers["cc-dead-reason"], dead.headers["cc-dead-body"]) == ("not_a_uuid", "summary")
    assert (dead.message_id, dead.content_type) == ("wrong", "application/json")
    summary = json.loads(dead.body)
    assert summary["size"] == len(body)
    assert summary["hash"] == HASHES.of("body", body).hex()
    [problem] = summary["problems"]
    assert (problem["field"], problem["code"]) == ("participant_id", "not_a_uuid")
    assert summary["beginning"].startswith('{"participant_id": 9999, "aaaa": "aaaaaa aaa aaa aaaa"')
    assert not [word for word in ("Canary", "Test", "4711") if word in str(summary)]


async def test_a_message_that_fails_by_our_fault_keeps_its_body(kit: Kit) -> None:
    participant = uuid4()
    kit.break_on(participant)
    async with consuming_from_a_party(kit):
        await kit.publish(erasure(participant), id="bug", vhost="edge", queue=QUEUE)
        dead = await first_dead_letter(kit)
    assert dead.body == erasure(participant).to_json()
    assert "cc-dead-body" not in dead.headers


async def test_a_message_under_a_used_id_is_not_kept_either(kit: Kit) -> None:
    first, second = uuid4(), uuid4()
    async with consuming_from_a_party(kit):
        await kit.publish(erasure(first), id="same", vhost="edge", queue=QUEUE)
        await eventually(kit.effects, [first], "effects")
        await kit.publish(erasure(second), id="same", vhost="edge", queue=QUEUE)
        dead = await first_dead_letter(kit)
    assert (dead.headers["cc-dead-reason"], dead.headers["cc-dead-body"]) == ("message_id_reused", "summary")
    assert str(second) not in str(dead.body)


async def test_of_one_party_only_so_many_refused_messages_are_kept_a_day_and_the_rest_counted(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "KEPT_A_DAY", 3)
    participant = uuid4()
    async with consuming_from_a_party(kit) as replica:
        for number in range(10):
            await kit.publish_raw(b"{", id=f"wrong-{number}", vhost="edge", queue=QUEUE)
        await kit.publish(erasure(participant), id="good", vhost="edge", queue=QUEUE)
        await eventually(kit.effects, [participant], "effects")
        await eventually(lambda: outcomes(replica), {"dead-lettered": 3, "discarded": 7, "handled": 1}, "outcomes")
        await eventually(lambda: kit.depth("ticketing.dead", "edge"), 3, "dead letters")
        # Another party's messages are counted by themselves.
        await kit.publish_raw(b"{", id="wrong")
        await eventually(lambda: kit.depth("ticketing.dead"), 1, "dead letters of the other queue")


async def test_what_our_own_services_send_is_kept_whole_and_uncounted(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted, "KEPT_A_DAY", 0)
    async with kit.service():
        await kit.publish_raw(b"{", id="ours")
        [dead] = await kit.take("ticketing.dead", 1)
    assert dead.body == b"{"


async def test_a_refused_messages_own_words_in_properties_are_cut(kit: Kit) -> None:
    async with consuming_from_a_party(kit):
        message = aio_pika.Message(
            b"{",
            message_id="m",
            type=ErasureCompleted.type,
            headers={"ce-subject": CANARY, "ce-source": "/x" * 900},
            app_id=CANARY,
            correlation_id=CANARY,
        )
        await kit.put("edge", QUEUE, message)
        dead = await first_dead_letter(kit)
    assert "Canary" not in f"{dead.headers} {dead.app_id} {dead.correlation_id}"
    assert dead.headers["ce-source"] == ("/x" * 900)[:255]


def outcomes(replica: Service) -> dict[str, int]:
    """Returns the number of the party's deliveries by outcome."""
    return {
        sample.labels["outcome"]: int(sample.value)
        for metric in replica.telemetry.registry.collect()
        for sample in metric.samples
        if sample.name == "culture_connect_deliveries_total" and sample.labels["queue"] == QUEUE and sample.value
    }
