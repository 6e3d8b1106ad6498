from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from aio_pika.abc import AbstractIncomingMessage

from culture_connect.messaging.acks import Acks


@dataclass
class Channel:
    """Remembers what it was told, as (tag, multiple)."""

    acked: list[tuple[int, bool]] = field(default_factory=list)
    is_closed: bool = False

    async def basic_ack(self, tag: int, multiple: bool = False, wait: bool = True) -> None:
        self.acked.append((tag, multiple))


def message(channel: Channel, tag: int) -> AbstractIncomingMessage:
    return cast("AbstractIncomingMessage", SimpleNamespace(channel=channel, delivery_tag=tag))


async def test_what_is_handled_together_is_acked_with_one_frame() -> None:
    acks, channel = Acks(), Channel()
    for tag in (2, 1, 3):
        acks.handled(message(channel, tag))
    await acks.sent()

    assert channel.acked == [(3, True)]


async def test_a_delivery_that_is_not_settled_is_never_covered() -> None:
    acks, channel = Acks(), Channel()
    for tag in (1, 3, 4):
        acks.handled(message(channel, tag))
    await acks.sent()
    assert channel.acked == [(1, True), (3, False), (4, False)]

    acks.handled(message(channel, 2))
    acks.handled(message(channel, 5))
    await acks.sent()
    assert channel.acked[3:] == [(5, True)]


async def test_a_rejected_delivery_closes_a_gap_and_is_not_acked_itself() -> None:
    acks, channel = Acks(), Channel()
    acks.handled(message(channel, 1))
    acks.rejected(message(channel, 2))
    await acks.sent()
    acks.handled(message(channel, 3))
    await acks.sent()

    assert channel.acked == [(1, True), (3, True)]


async def test_a_new_channel_counts_from_the_beginning() -> None:
    acks, old, new = Acks(), Channel(), Channel()
    acks.handled(message(old, 1))
    await acks.sent()
    old.is_closed = True
    acks.handled(message(new, 1))
    acks.handled(message(old, 2))
    await acks.sent()

    assert (old.acked, new.acked) == ([(1, True)], [(1, True)])
