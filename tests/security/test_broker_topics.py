"""On `core` each service tells its own events and nobody else's."""

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from culture_connect.messaging.topology import ALL_SERVICES, EVENTS, SERVICES, events_queue
from tests.security import clients
from tests.support.bus import Bus

OWN = {each.name: [pattern.replace("#", "told.acme") for pattern in each.publishes] for each in ALL_SERVICES}
FOREIGN = [(service, key) for service in SERVICES for other in SERVICES if other != service for key in OWN[other]]
NOBODYS = [
    "",
    "ticket",
    "x.ticket.issued",
    "erasure.completed",
    "erasure.completed.registration",
    "erasure.requested.ticketing",
]


async def _tell(bus: Bus, service: str, key: str) -> None:
    async with clients.channel_of(bus.url(service, "core")) as channel:
        await clients.send(channel, EVENTS, key, aio_pika.Message(b"{}"))


async def test_each_service_may_tell_its_own_events_and_none_of_the_others(bus: Bus) -> None:
    for service, keys in OWN.items():
        for key in keys:
            await _tell(bus, service, key)
    for service, key in [*FOREIGN, *((service, key) for service in SERVICES for key in NOBODYS)]:
        with pytest.raises(ChannelAccessRefused):
            await _tell(bus, service, key)


async def test_what_a_service_may_not_tell_reaches_nobody(bus: Bus) -> None:
    with pytest.raises(ChannelAccessRefused):
        await _tell(bus, "notifications", "participant.withdrawn.acme")
    async with clients.channel_of(bus.administrator_url("core")) as channel:
        for service in SERVICES:
            assert await clients.fetch(channel, events_queue(service)) is None


async def test_no_service_may_bind_or_read_the_events_of_others(bus: Bus) -> None:
    async with clients.channel_of(bus.url("notifications", "core")) as channel:
        queue = await channel.get_queue(events_queue("notifications"), ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await queue.bind(EVENTS, "#")
