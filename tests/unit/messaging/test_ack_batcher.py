"""AckBatcher that are gathered."""

from dataclasses import dataclass, field
from typing import cast

from aiormq.abc import AbstractChannel

from culture_connect.messaging.consuming.ack_batcher import AckBatcher


@dataclass
class Channel:
    """Remembers what it was told, as (tag, multiple)."""

    acked: list[tuple[int, bool]] = field(default_factory=list)
    is_closed: bool = False
    is_broken: bool = False

    async def basic_ack(self, tag: int, multiple: bool = False, wait: bool = True) -> None:
        if self.is_broken:
            raise RuntimeError("whatever a client library makes of a lost channel")
        self.acked.append((tag, multiple))


def acks_of(channel: Channel) -> AckBatcher:
    return AckBatcher(cast("AbstractChannel", channel))


async def test_what_is_handled_together_is_acked_with_one_frame() -> None:
    acks = acks_of(channel := Channel())
    for tag in (2, 1, 3):
        acks.ack(tag)
    await acks.flush()

    assert channel.acked == [(3, True)]


async def test_a_delivery_that_is_not_settled_is_never_covered() -> None:
    acks = acks_of(channel := Channel())
    for tag in (1, 3, 4):
        acks.ack(tag)
    await acks.flush()
    assert channel.acked == [(1, True), (3, False), (4, False)]

    acks.ack(2)
    acks.ack(5)
    await acks.flush()
    assert channel.acked[3:] == [(5, True)]


async def test_a_closed_channel_is_told_nothing() -> None:
    acks = acks_of(channel := Channel())
    channel.is_closed = True
    acks.ack(1)
    await acks.flush()

    assert channel.acked == []


async def test_a_channel_that_breaks_while_it_is_told_keeps_nobody_waiting() -> None:
    acks = acks_of(channel := Channel(is_broken=True))
    acks.ack(1)
    await acks.flush()
    channel.is_broken = False
    acks.ack(2)
    await acks.flush()

    assert (2, True) in channel.acked
