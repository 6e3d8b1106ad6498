"""Guarantee 4: what fails for good is dead-lettered with its reason, what fails for now is tried again."""

from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from culture_connect.contracts import ErasureCompleted
from tests.messaging.kit import Kit, erasure
from tests.support.hashes import HASHES
from tests.support.probes import eventually, until


async def test_a_transient_failure_is_tried_again_after_a_wait_and_succeeds(kit: Kit) -> None:
    participant = uuid4()
    kit.fail_for_now(participant)
    kit.retry_delays = (0.2,) * 100
    async with kit.service():
        await kit.publish(erasure(participant), id="later")
        await until(kit.waiting, lambda waiting: bool(waiting) and waiting[0][1] > 1, "tries")
        kit.accept(participant)
        await eventually(kit.effects, [participant], "effects")
        await eventually(kit.waiting, [], "messages that wait")
    assert await kit.depth("ticketing.dead") == 0


async def test_a_transient_failure_that_lasts_ends_in_the_dead_letters(kit: Kit) -> None:
    participant = uuid4()
    kit.fail_for_now(participant)
    async with kit.service():
        await kit.publish(erasure(participant), id="never")
        [dead] = await kit.take("ticketing.dead", 1)
    assert dead.headers["cc-dead-reason"] == "not-now"
    assert dead.headers["cc-dead-queue"] == "ticketing.events"
    assert dead.headers["cc-dead-vhost"] == "core"
    assert dead.headers["cc-dead-service"] == "ticketing"
    assert dead.headers["cc-attempt"] == len(kit.retry_delays) + 1
    assert dead.body == erasure(participant).to_json()
    assert await kit.waiting() == []


@pytest.mark.parametrize(
    ("body", "named", "reason"),
    [
        (b"{", ("1", ErasureCompleted.type), "not_json"),
        (b'{"participant_id": 7}', ("1", ErasureCompleted.type), "not_a_uuid"),
        (b"{}", ("1", "nl.cultureconnect.moon.landed.v1"), "unknown_type"),
        (b"{}", (None, ErasureCompleted.type), "missing"),
    ],
)
async def test_what_cannot_be_read_is_a_dead_letter_and_the_queue_goes_on(
    kit: Kit, body: bytes, named: tuple[str | None, str], reason: str
) -> None:
    participant = uuid4()
    async with kit.service():
        await kit.publish_raw(body, id=named[0], type=named[1])
        await kit.publish(erasure(participant), id="good")
        [dead] = await kit.take("ticketing.dead", 1)
        await eventually(kit.effects, [participant], "effects")
    assert dead.headers["cc-dead-reason"] == reason
    assert dead.body == body


async def test_an_event_that_nobody_here_wants_is_passed_over(kit: Kit) -> None:
    async with kit.service():
        await kit.publish_raw(b"{}", id="1", type="nl.cultureconnect.mail.undeliverable.v1")
        await kit.until_handled("ticketing.events")
    assert await kit.depth("ticketing.dead") == 0


async def test_headers_of_a_sender_do_not_steer_the_copy_of_a_failed_message(kit: Kit) -> None:
    participant = uuid4()
    kit.refuse(participant)
    steering = {"CC": ["registration"], "BCC": ["registration"], "cc-dead-queue": "registration.events"}
    async with kit.service():
        await kit.publish(erasure(participant), id="steered", headers=steering)
        [dead] = await kit.take("ticketing.dead", 1)
    assert dead.headers["cc-dead-queue"] == "ticketing.events"
    assert not {"CC", "BCC"} & dead.headers.keys()
    assert await kit.depth("registration.dead") == 0


async def test_an_unexpected_exception_names_its_kind_and_never_its_text(kit: Kit) -> None:
    participant = uuid4()
    kit.break_on(participant)
    async with kit.service():
        await kit.publish(erasure(participant), id="bug")
        [dead] = await kit.take("ticketing.dead", 1)
    assert dead.headers["cc-dead-reason"] == "ZeroDivisionError"
    assert "Canary" not in str(dead.headers)


@pytest.mark.parametrize("id_", ["canary@example.org", "Canary van der Test", "canary" * 20])
async def test_a_log_shows_an_id_only_where_it_is_a_name_of_things(kit: Kit, id_: str) -> None:
    refused, named = uuid4(), uuid4()
    kit.refuse(refused, named)
    with capture_logs() as lines:
        async with kit.service():
            await kit.publish(erasure(refused), id=id_)
            await kit.publish(erasure(named), id="enrolments-2026:17")
            await kit.take("ticketing.dead", 2)
    shown = {line["message_id"] for line in lines if line["event"] == "delivery failed"}
    assert shown == {"enrolments-2026:17", HASHES.shown_id(id_)}
    assert "anary" not in str(lines)
