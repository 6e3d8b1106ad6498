"""The least that consuming costs: a FastStream subscriber that does nothing, configured like the bus kit's.

Arguments: AMQP URL, queue, number of messages. Prints a line when so many were handled.
"""

import asyncio
import sys

import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

PREFETCH = 300


async def consume(url: str, queue: str, expected: int) -> None:
    """Takes `expected` messages, then waits to be ended."""
    broker = RabbitBroker(url, apply_types=False, logger=None, graceful_timeout=10)
    done = asyncio.Event()
    count = 0

    @broker.subscriber(
        RabbitQueue(queue, declare=False),
        channel=Channel(prefetch_count=PREFETCH),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        no_reply=True,
    )
    async def nothing(_: RabbitMessage) -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    await broker.start()
    await done.wait()
    print("done", flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(consume(sys.argv[1], sys.argv[2], int(sys.argv[3])))
