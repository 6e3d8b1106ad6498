"""Guarantee 2: a destination in trouble delays what goes there, in its order, and nothing else."""

from collections import Counter
from uuid import uuid4

from culture_connect.messaging import Route, feed_to
from culture_connect.messaging.topology import MAX_MESSAGE_BYTES, tickets_queue
from tests.messaging.kit import Kit
from tests.messaging.relays import emit, execute, insert_row, relaying, troubles, waiting
from tests.support.bus import Bus
from tests.support.probes import eventually, until
from tests.support.silent_broker import memory_alarm, silent_queue

CORE = Route("core", "events", "erasure.completed.ticketing")
PAARD, NDT = feed_to("paard"), feed_to("ndt")
HUNDREDS = 600  # more than the broker reads of a connection while a queue does not take them


async def test_a_queue_that_does_not_confirm_delays_only_what_goes_there(kit: Kit, bus: Bus) -> None:
    for venue in ("paard", "ndt"):
        await kit.add_venue(venue)
    async with relaying(kit, bus):
        with silent_queue(bus.server, bus.vhosts.edge, tickets_queue("paard")):
            held = await emit(kit, *[PAARD] * HUNDREDS)
            await eventually(lambda: troubles(kit), {PAARD.lane: ("unconfirmed", False)}, "lanes in trouble")
            free = await emit(kit, *[NDT] * 100, *[CORE] * 100)
            await kit.take(tickets_queue("ndt"), 100, "edge")
            await kit.take("registration.events", 100)
            await eventually(lambda: waiting(kit), {PAARD.lane: HUNDREDS}, "what waits")
        await eventually(lambda: waiting(kit), {}, "what waits", timeout=20)
        tries = await until(lambda: kit.depth(tickets_queue("paard"), "edge"), lambda n: n >= HUNDREDS, "feed")
        feed = await kit.take(tickets_queue("paard"), tries, "edge")
    assert len(free) == 200
    times = Counter(str(message.message_id) for message in feed)
    assert set(times) == set(held)
    # The first batch twice, and the head once more for each try: not a batch for every try.
    assert tries <= 2 * HUNDREDS + 5
    first_of_each = list(dict.fromkeys(str(message.message_id) for message in feed))
    assert first_of_each == held
    assert await troubles(kit) == {}


async def test_what_a_full_queue_refuses_waits_in_its_order_until_there_is_room(kit: Kit, bus: Bus) -> None:
    await kit.add_venue("paard")
    bus.limit("edge", tickets_queue("paard"), 2)
    async with relaying(kit, bus):
        ids = [(await emit(kit, PAARD, subject="one"))[0] for _ in range(6)]
        await eventually(lambda: troubles(kit), {PAARD.lane: ("refused", False)}, "lanes in trouble")
        [free] = await emit(kit, CORE)
        assert [message.message_id for message in await kit.take("registration.events", 1)] == [free]
        received = await kit.take(tickets_queue("paard"), len(ids), "edge")
        await eventually(lambda: waiting(kit), {}, "what waits")
    assert [message.message_id for message in received] == ids


async def test_a_destination_without_a_queue_is_quarantined_after_some_tries_and_released_by_hand(
    kit: Kit, bus: Bus
) -> None:
    ids = await emit(kit, PAARD, PAARD)
    await execute(
        kit,
        "insert into outbox_lanes (lane, attempts, last_error, retry_at) values (:lane, 9, 'unroutable', now())",
        lane=PAARD.lane,
    )
    async with relaying(kit, bus):
        await eventually(lambda: troubles(kit), {PAARD.lane: ("unroutable", True)}, "lanes in trouble")
        [[wait]] = await execute(kit, "select extract(epoch from retry_at - now()) from outbox_lanes")
        assert 800 < wait <= 900
        await kit.add_venue("paard")
        await execute(kit, "delete from outbox_lanes")
        received = await kit.take(tickets_queue("paard"), 2, "edge")
        await eventually(lambda: waiting(kit), {}, "what waits")
    assert [message.message_id for message in received] == ids


async def test_a_row_that_can_never_be_sent_is_set_apart_and_its_neighbours_leave(kit: Kit, bus: Bus) -> None:
    await kit.add_venue("paard")
    before = await emit(kit, *[PAARD] * 5)
    too_large = await insert_row(kit, PAARD, body=b"x" * (MAX_MESSAGE_BYTES + 1))
    between = await emit(kit, *[PAARD] * 5)
    bad_key = await insert_row(kit, Route("core", "events", "erasure." + "x" * 300))
    nowhere = await insert_row(kit, PAARD, vhost="attic")
    after = await emit(kit, PAARD)
    async with relaying(kit, bus):
        await eventually(lambda: kit.outbox_size(), 3, "rows that are left", timeout=15)
    depth = await kit.depth(tickets_queue("paard"), "edge")
    received = await kit.take(tickets_queue("paard"), depth, "edge")
    assert {message.message_id for message in received} == {*before, *between, *after}
    apart = await execute(kit, "select id, last_error from outbox where quarantined_at is not null order by id")
    assert [tuple(row) for row in apart] == [
        (too_large, "channel-refused-406"),
        (bad_key, "unencodable"),
        (nowhere, "unknown-virtual-host"),
    ]
    assert await troubles(kit) == {}


async def test_two_rows_with_one_id_do_not_take_each_others_answer(kit: Kit, bus: Bus) -> None:
    """The broker returns a message by its id alone."""
    same = uuid4()
    taken = await insert_row(kit, CORE, message_id=same)
    returned = await insert_row(kit, Route("core", "dead-letters", "erasure"), message_id=same)
    await execute(kit, "update outbox set lane = :lane", lane=CORE.lane)
    async with relaying(kit, bus):
        await kit.take("registration.events", 1)
        await eventually(lambda: troubles(kit), {CORE.lane: ("unroutable", False)}, "lanes in trouble")
        rows = await execute(kit, "select id from outbox")
    assert [row[0] for row in rows] == [returned]
    assert taken < returned


async def test_while_the_broker_is_short_of_memory_nothing_is_sent_again_and_no_destination_is_blamed(
    kit: Kit, bus: Bus
) -> None:
    await emit(kit, CORE)
    async with relaying(kit, bus) as relay:
        await kit.take("registration.events", 1)
        with memory_alarm(bus.server):
            ids = await emit(kit, *[CORE] * 50)
            problems = await until(relay.problems, bool, "problems of the relay")
            assert problems == ["the broker takes no messages (memory or disk): messages wait for core/events/erasure"]
        messages = await kit.take("registration.events", 50)
        await eventually(relay.problems, [], "problems of the relay")
        await eventually(lambda: waiting(kit), {}, "what waits")
    assert [message.message_id for message in messages] == ids
    assert await troubles(kit) == {}
