"""Work that is shared, and work that is alone."""

import asyncio

from culture_connect.messaging.consuming.shared_lock import SharedLock


async def test_what_wants_to_be_alone_waits_for_those_before_it_and_none_begins_meanwhile() -> None:
    lock, history, release = SharedLock(), list[str](), asyncio.Event()

    async def shared(name: str) -> None:
        async with lock.shared():
            history.append(name)
            await release.wait()
            history.append(f"{name} done")

    async def exclusive(name: str) -> None:
        async with lock.exclusive():
            history.append(name)
            await asyncio.sleep(0)
            history.append(f"{name} done")

    tasks = [asyncio.create_task(shared("a")), asyncio.create_task(shared("b"))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(exclusive("c")), asyncio.create_task(exclusive("d"))]
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
    lock = SharedLock()
    for turn in (lock.exclusive, lock.shared):
        try:
            async with turn():
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    async with asyncio.timeout(1), lock.exclusive():
        pass
