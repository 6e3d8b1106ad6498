"""Guarantee 2: a leader that was stopped and wakes up does nothing that another has done meanwhile."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from uuid import uuid4

from culture_connect.messaging import Route
from tests.messaging.kit import Kit
from tests.messaging.relays import emit, execute, relaying, waiting
from tests.support.bus import Bus
from tests.support.probes import eventually, until
from tests.support.process_signals import pause, resume

CORE = Route("core", "events", "erasure.completed.ticketing")
CLONE = Path(__file__).parents[2]


async def test_a_leader_that_wakes_up_publishes_nothing_that_another_has_published(kit: Kit, bus: Bus) -> None:
    url = kit.broker_wire.through(bus.url("ticketing", "core"))
    leader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.messaging.relay_process", kit.database.url, url, cwd=CLONE
    )
    try:
        await emit(kit, CORE)
        await kit.take("registration.events", 1)
        # The broker's answers do not come: of the rows of one subject the first is under way, the others wait for it.
        await kit.broker_wire.silence(["downstream"])
        subject = str(uuid4())
        ids = [(await emit(kit, CORE, subject=subject))[0] for _ in range(5)]
        await until(lambda: kit.depth("registration.events"), lambda depth: depth == 1, "the first message")
        pause(leader.pid)
        async with relaying(kit, bus):
            await eventually(lambda: waiting(kit), {}, "what waits")
            [[holder]] = await execute(kit, "select holder from leases")
            await kit.broker_wire.mend()
            resume(leader.pid)
            later = await emit(kit, CORE)
            await eventually(lambda: waiting(kit), {}, "what waits")
            depth = await until(lambda: kit.depth("registration.events"), lambda depth: depth >= 6, "messages")
            messages = await kit.take("registration.events", depth)
            assert [[holder]] == [[row[0]] for row in await execute(kit, "select holder from leases")]
        times = Counter(str(message.message_id) for message in messages)
        assert times == Counter([ids[0], *ids, *later])
        assert list(dict.fromkeys(str(message.message_id) for message in messages)) == [*ids, *later]
    finally:
        resume(leader.pid)
        leader.terminate()
        await leader.wait()
