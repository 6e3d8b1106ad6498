"""The least that consuming costs: a FastStream subscriber that does nothing.

Arguments: AMQP URL, queue, number of messages, `decoded` or `raw`. `decoded` is FastStream as its documentation has it:
the handler gets the JSON. `raw` is the least possible: it gets the message as it came, as in the bus kit. Prints a
line when so many were handled.
"""

import asyncio
import sys
from typing import Any

import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

PREFETCH = 300


async def consume(url: str, queue: str, expected: int, *, decoded: bool) -> None:
    """Takes `expected` messages, then waits to be ended."""
    broker = RabbitBroker(url, apply_types=decoded, logger=None, graceful_timeout=10)
    done = asyncio.Event()
    count = 0

    def handled() -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    async def nothing(_: dict[str, Any]) -> None:
        handled()

    async def nothing_raw(_: RabbitMessage) -> None:
        handled()

    broker.subscriber(
        RabbitQueue(queue, declare=False),
        channel=Channel(prefetch_count=PREFETCH),
        ack_policy=AckPolicy.REJECT_ON_ERROR,
        no_reply=True,
    )(nothing if decoded else nothing_raw)

    await broker.start()
    await done.wait()
    print("done", flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(consume(sys.argv[1], sys.argv[2], int(sys.argv[3]), decoded=sys.argv[4] == "decoded"))
