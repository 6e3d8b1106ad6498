"""The broker's word for each message: whatever goes wrong comes out as one of the publisher's own errors."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from culture_connect.messaging.outbox.publish_failures import (
    ChannelRefused,
    ConnectionLost,
    PublishFailed,
    Refused,
    Unconfirmed,
    Unencodable,
    Unroutable,
)
from culture_connect.messaging.outbox.publisher import Publication, Publisher
from culture_connect.messaging.topology import tickets_queue
from tests.messaging.kit import Kit
from tests.support.bus import Bus

KEY = "erasure.completed.ticketing"


@pytest.fixture
async def publisher(kit: Kit, bus: Bus) -> AsyncIterator[Publisher]:
    """Of ticketing, on core, by way of the kit's wire."""
    url = kit.broker_wire.through(bus.url("ticketing", "core"))
    async with Publisher(url, name="test", confirm_timeout=1.0) as publisher:
        yield publisher


def message(key: str = KEY, *, id: str | None = None, exchange: str = "events", body: bytes = b"{}") -> Publication:  # noqa: A002
    """One of ours."""
    headers = {
        "ce-id": id or str(uuid4()),
        "ce-type": "t",
        "ce-source": "/culture-connect/tests",
        "ce-time": "2026-01-01T00:00:00+00:00",
    }
    return Publication(exchange, key, headers, None, body)


async def published(publisher: Publisher, messages: Sequence[Publication]) -> list[PublishFailed | None]:
    """Returns the result of each, as a destination receives it."""
    batch = await publisher.send(messages, may_publish=lambda: True)
    return await batch.results(1.0)


def kinds(results: list[PublishFailed | None]) -> list[type]:
    """Returns the result of each."""
    return [type(result) for result in results]


async def test_each_message_has_its_own_answer(kit: Kit, publisher: Publisher) -> None:
    results = await published(
        publisher, [message(), message("nobody", exchange="dead-letters"), message("x" * 256), message()]
    )
    assert kinds(results) == [type(None), Unroutable, Unencodable, type(None)]
    assert await kit.depth("registration.events") == 2


@pytest.mark.parametrize("order", [("events", "dead-letters"), ("dead-letters", "events")])
async def test_two_messages_with_one_id_have_each_their_own(publisher: Publisher, order: tuple[str, str]) -> None:
    # The second waits for the answer to the first: a returned message is known by its id alone. No queue of dead
    # letters has such a key.
    sent = [published(publisher, [message(KEY, exchange=exchange, id="same")]) for exchange in order]
    results = [result for (result,) in await asyncio.gather(*sent)]
    assert dict(zip(order, kinds(results), strict=True)) == {"events": type(None), "dead-letters": Unroutable}


async def test_a_full_queue_refuses_one_by_one(kit: Kit, bus: Bus) -> None:
    await kit.add_venue("paard")
    bus.limit("edge", tickets_queue("paard"), 1)
    async with Publisher(bus.url("ticketing", "edge"), name="test") as publisher:
        results = [(await published(publisher, [message("paard", exchange="tickets")]))[0] for _ in range(4)]
    assert results[0] is None
    assert type(results[-1]) is Refused


async def test_a_closed_channel_is_told_with_its_code_and_opened_anew(publisher: Publisher) -> None:
    [failure] = await published(publisher, [message(exchange="no-such-exchange")])
    assert isinstance(failure, ChannelRefused)
    assert failure.code in (403, 404)
    assert await published(publisher, [message()]) == [None]


async def test_a_lost_connection_answers_what_is_under_way_and_refuses_what_comes(
    kit: Kit, publisher: Publisher
) -> None:
    assert await published(publisher, [message()]) == [None]
    await kit.broker_wire.silence()
    under_way = asyncio.create_task(published(publisher, [message(), message()]))
    await asyncio.sleep(0)
    await kit.broker_wire.cut()
    assert kinds(await under_way) == [ConnectionLost, ConnectionLost]
    with pytest.raises(ConnectionLost):
        await published(publisher, [message()])


async def test_silence_ends_in_time(kit: Kit, publisher: Publisher) -> None:
    assert await published(publisher, [message()]) == [None]
    await kit.broker_wire.silence()
    assert kinds(await published(publisher, [message()])) == [Unconfirmed]


async def test_a_broker_that_answers_nothing_is_no_connection(kit: Kit, bus: Bus) -> None:
    await kit.broker_wire.silence()
    with pytest.raises(ConnectionLost):
        async with Publisher(kit.broker_wire.through(bus.url("ticketing", "core")), name="test", connect_timeout=0.5):
            pass
