"""Work that is shared, and work that is alone."""

import asyncio

from culture_connect.messaging.consuming.turns import Turns


async def test_what_wants_to_be_alone_waits_for_those_before_it_and_none_begins_meanwhile() -> None:
    turns, history, release = Turns(), list[str](), asyncio.Event()

    async def shared(name: str) -> None:
        async with turns.shared():
            history.append(name)
            await release.wait()
            history.append(f"{name} done")

    async def alone(name: str) -> None:
        async with turns.alone():
            history.append(name)
            await asyncio.sleep(0)
            history.append(f"{name} done")

    tasks = [asyncio.create_task(shared("a")), asyncio.create_task(shared("b"))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(alone("c")), asyncio.create_task(alone("d"))]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(shared("e")))
    await asyncio.sleep(0)
    assert history == ["a", "b"]
    release.set()
    await asyncio.gather(*tasks)
    assert history.index("c") > max(history.index("a done"), history.index("b done"))
    assert history.index("c done") == history.index("c") + 1
    assert history.index("d done") == history.index("d") + 1
    assert "e done" in history


async def test_a_turn_that_fails_is_over() -> None:
    turns = Turns()
    for turn in (turns.alone, turns.shared):
        try:
            async with turn():
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    async with asyncio.timeout(1), turns.alone():
        pass
