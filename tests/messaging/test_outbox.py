"""Guarantee 2: events leave only through the outbox, once the transaction is committed, and all of them do."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from culture_connect.messaging import Route, core_event, receipt_to
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually


class RolledBackError(Exception):
    """Raised to end a transaction without its commit."""


async def test_an_event_of_a_transaction_that_rolls_back_never_leaves(kit: Kit) -> None:
    with contextlib.suppress(RolledBackError):
        async with kit.database.begin() as work:
            work.emit(erasure(uuid4()), core_event(erasure(uuid4()), "ticketing"))
            raise RolledBackError
    kept = await kit.emit(erasure(uuid4()))
    async with kit.service():
        [message] = await kit.take("registration.events", 1)
    assert message.message_id == str(kept)


async def test_events_leave_in_the_order_of_their_rows(kit: Kit) -> None:
    async with kit.service():
        ids = [str(await kit.emit(erasure(uuid4()))) for _ in range(20)]
        messages = await kit.take("registration.events", 20)
    assert [message.message_id for message in messages] == ids


async def test_an_event_goes_out_as_the_contract_says(kit: Kit) -> None:
    participant = uuid4()
    async with kit.database.begin() as work:
        message_id = work.emit(erasure(participant), core_event(erasure(participant), "ticketing"), subject="person")
    async with kit.service():
        [message] = await kit.take("registration.events", 1)
    assert message.routing_key == "erasure.completed.ticketing"
    assert message.delivery_mode == 2
    assert message.content_type == "application/json"
    assert message.message_id == message.headers["ce-id"] == str(message_id)
    assert message.type == message.headers["ce-type"] == "nl.cultureconnect.erasure.completed.v1"
    assert message.headers["ce-specversion"] == "1.0"
    assert message.headers["ce-source"] == "/culture-connect/ticketing"
    assert message.app_id == "ticketing"
    assert message.headers["ce-subject"] == "person"
    assert str(message.headers["traceparent"]).startswith("00-")
    assert message.timestamp is not None
    assert datetime.fromisoformat(str(message.headers["ce-time"])).replace(microsecond=0) == message.timestamp


async def test_a_timer_leaves_when_its_moment_has_come_and_not_before(kit: Kit) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    async with kit.database.begin() as work:
        work.emit(erasure(uuid4()), core_event(erasure(uuid4()), "ticketing"), not_before=due)
    async with kit.service():
        await kit.take("registration.events", 1)
    assert due <= datetime.now(UTC) < due + timedelta(seconds=5)


async def test_what_cannot_be_routed_waits_without_holding_up_the_rest_and_arrives_later(kit: Kit) -> None:
    nobody = Route("core", "dead-letters", "nowhere")
    async with kit.database.begin() as work:
        lost = work.emit(erasure(uuid4()), nobody)
        sent = work.emit(erasure(uuid4()), core_event(erasure(uuid4()), "ticketing"))
    async with kit.service():
        [message] = await kit.take("registration.events", 1)
        assert message.message_id == str(sent)
        await eventually(kit.lanes_in_trouble, {nobody.lane: "unroutable"}, "lanes in trouble")
        async with kit.database.begin() as work:
            await kit.reroute(work, lost, core_event(erasure(uuid4()), "ticketing"))
        [message] = await kit.take("registration.events", 1)
    assert message.message_id == str(lost)
    assert await kit.outbox_size() == 0


async def test_a_destination_the_service_may_not_write_to_stops_nobody_else(kit: Kit) -> None:
    async with kit.database.begin() as work:
        work.emit(erasure(uuid4()), receipt_to("acme"))  # ticketing has no right to receipts
        allowed = work.emit(erasure(uuid4()), core_event(erasure(uuid4()), "ticketing"))
    async with kit.service():
        [message] = await kit.take("registration.events", 1)
    assert message.message_id == str(allowed)
    assert await kit.outbox_size() == 1


async def test_with_two_replicas_one_relay_is_active_and_the_other_takes_over(kit: Kit) -> None:
    first, second = kit.replica(), kit.replica()
    async with first.running():
        await eventually(lambda: kit.leads(first), True, "the first relay leads")
        async with second.running():
            ids = {str(await kit.emit(erasure(uuid4()))) for _ in range(50)}
            messages = await kit.take("registration.events", 50)
            assert {message.message_id for message in messages} == ids
            assert not kit.leads(second)
            await kit.drop_database_connections(application="ticketing relay")
            await eventually(lambda: kit.leads(first) or kit.leads(second), True, "one relay leads")
            more = {str(await kit.emit(erasure(uuid4()))) for _ in range(50)}
            messages = await kit.take("registration.events", 50)
            assert {message.message_id for message in messages} == more


async def test_rows_written_while_the_relay_works_are_all_sent(kit: Kit) -> None:
    """Transactions commit in another order than their ids were given: none may be passed over."""
    async with kit.service():
        emitted = await asyncio.gather(*(kit.emit(erasure(uuid4()), slowly=number % 3 == 0) for number in range(60)))
        messages = await kit.take("registration.events", 60)
    assert {message.message_id for message in messages} == {str(each) for each in emitted}
    assert await kit.outbox_size() == 0
