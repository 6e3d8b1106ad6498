"""Differences between RabbitMQ 3.10 and 4.0 on which nothing depends; see docs/broker-versions.md.

Every test runs on whichever broker the others run on, and says where the two behave differently.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import aio_pika
import httpx
import pytest
from aio_pika.exceptions import AMQPError

from culture_connect.messaging import BatchSubscriber
from culture_connect_cli.stack.rabbitmq.container import DENIED, DockerRabbitMQ
from tests.messaging.kit import Kit, erasure
from tests.support import amqp_1_0
from tests.support.bus import Bus
from tests.support.probes import eventually, until


@pytest.fixture
async def management(bus: Bus) -> AsyncIterator[httpx.AsyncClient]:
    """The management API, as the administrator."""
    server = bus.server
    async with httpx.AsyncClient(
        base_url=f"{server.management_url}/api/", auth=(server.username, server.password), trust_env=False
    ) as client:
        yield client


async def version_of(management: httpx.AsyncClient) -> tuple[int, int]:
    """Major and minor number of the broker's release."""
    release = (await management.get("overview")).json()["rabbitmq_version"]
    major, minor = re.findall(r"\d+", release)[:2]
    return int(major), int(minor)


async def test_every_queue_says_how_often_a_message_may_come_back(bus: Bus, management: httpx.AsyncClient) -> None:
    """4.0 has a default of 20 and 3.10 none: nothing is left to it."""
    bus.add_party("hr", "acme")
    bus.add_party("box-office", "paard")
    for vhost in (bus.vhosts.core, bus.vhosts.edge):
        queues = (await management.get(f"queues/{vhost}")).json()
        assert len(queues) >= 4
        assert {row["name"] for row in queues if "x-delivery-limit" not in row["arguments"]} == set()


async def test_a_new_node_has_its_stable_feature_flags_on(management: httpx.AsyncClient) -> None:
    flags = (await management.get("feature-flags")).json()
    assert {each["name"] for each in flags if each["stability"] == "stable" and each["state"] != "enabled"} == set()
    assert {each["state"] for each in flags if each["name"] == "quorum_queue"} == {"enabled"}


async def test_what_rabbitmq_is_going_to_remove_is_refused_where_that_can_be_said(bus: Bus) -> None:
    """The suites that pass on a node in a container use none of it. 3.10 has no such settings."""
    node = bus.server
    async with await aio_pika.connect(bus.administrator_url("edge")) as connection:
        attempt = (await connection.channel()).declare_queue("transient", durable=False, exclusive=False)
        if isinstance(node, DockerRabbitMQ):
            permitted = f"[F || F <- [{', '.join(DENIED)}], rabbit_deprecated_features:is_permitted(F)]."
            assert node.evaluate(permitted).splitlines()[-1] == "[]"
            with pytest.raises(AMQPError, match="transient_nonexcl_queues"):
                await attempt
        else:
            await attempt


async def test_no_message_of_ours_has_a_priority(kit: Kit, bus: Bus) -> None:
    """Quorum queues of 4.0 deliver one above 4 earlier, which would break the order of the others."""
    async with bus.administrator("core") as channel, kit.replica().running():
        overheard = await channel.declare_queue(exclusive=True)
        await overheard.bind("events", "#")
        await kit.emit(erasure(uuid4()))
        message = await until(lambda: overheard.get(no_ack=True, fail=False), bool, "the event")
    assert message is not None
    assert not message.priority


async def test_a_sender_who_gives_priorities_changes_the_order_of_its_own_messages_on_4_only(
    bus: Bus, management: httpx.AsyncClient
) -> None:
    url = bus.add_party("box-office", "paard")
    async with await aio_pika.connect(url) as connection:
        exchange = await (await connection.channel()).get_exchange("box-office.paard", ensure=False)
        for number, priority in enumerate((None, None, 9)):
            await exchange.publish(aio_pika.Message(b"{}", message_id=str(number), priority=priority), "x")
    async with bus.administrator("edge") as channel:
        queue = await channel.get_queue("box-office.paard.admissions", ensure=False)
        order = [(await queue.get(no_ack=True)).message_id for _ in range(3)]
    expected = ["2", "0", "1"] if await version_of(management) >= (4, 0) else ["0", "1", "2"]
    assert order == expected


@pytest.mark.timeout(120)
async def test_a_message_of_amqp_1_0_that_4_cannot_hand_over_stops_its_senders_queue_and_no_other(
    kit: Kit, bus: Bus, management: httpx.AsyncClient
) -> None:
    """4.0 ends each connection that it should deliver a UUID to, until somebody takes the message away."""
    first, second = uuid4(), uuid4()
    for venue in ("paard", "ndt"):
        await kit.add_venue(venue)
    address = "/exchanges/box-office.paard/admission"
    queue = "box-office.paard.admissions"
    send = partial(amqp_1_0.send, bus.url("box-office.paard", "edge"), address, b"{}")
    try:
        await asyncio.to_thread(send, message_id="1", type_="admission", properties={"u": amqp_1_0.uuid(bytes(16))})
    except amqp_1_0.NotSpokenError:
        assert await version_of(management) < (4, 0)
        return

    async def follow() -> list[BatchSubscriber]:
        return [kit.admissions.for_party(venue) for venue in ("paard", "ndt")]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await until(replica.warnings, lambda found: any(queue in each for each in found), "the warning", timeout=30)
        await kit.publish(erasure(first), id="1", vhost="edge", queue="box-office.ndt.admissions")
        await eventually(kit.effects, [first], "effects")
        assert not any("ndt" in each for each in replica.warnings())
        assert await replica.problems() == []

        (await management.delete(f"queues/{bus.vhosts.edge}/{queue}/contents")).raise_for_status()
        await kit.publish(erasure(second), id="2", vhost="edge", queue=queue)
        await eventually(kit.effects, [first, second], "effects", timeout=40)
        await eventually(replica.warnings, [], "warnings", timeout=40)
