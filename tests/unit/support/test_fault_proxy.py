"""The fault proxy between a client and a server that says everything back."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.probes import until

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

SILENCE = 0.2  # seconds without an answer after which a connection counts as silent


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """A proxy before an echo server."""
    talking: set[asyncio.Task[None]] = set()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy
    server.close()
    await asyncio.gather(*talking)


async def test_everything_passes_while_nothing_is_wrong(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    body = bytes(range(256)) * 4_096
    writer.write(body)
    assert await reader.readexactly(len(body)) == body
    [link] = proxy.links
    assert link.passed == {"upstream": len(body), "downstream": len(body)}
    writer.close()


async def test_an_end_passes_after_what_was_said_before_it(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    writer.write(b"last words")
    writer.write_eof()
    assert await reader.read() == b"last words"
    writer.close()
    await until(lambda: proxy.links, lambda links: links == [], "the connection to be forgotten")


async def test_a_cut_ends_connections_and_refuses_new_ones_until_mended(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    assert await answer(reader, writer) == b"?"
    await proxy.cut()
    assert await ended(reader)
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy)
    await proxy.mend()
    again = await connect(proxy)
    assert await answer(*again) == b"?"
    close(writer, again[1])


async def test_a_reset_ends_connections_with_an_error_and_takes_new_ones(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    assert await answer(reader, writer) == b"?"
    await proxy.reset()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    again = await connect(proxy)
    assert await answer(*again) == b"?"
    close(writer, again[1])


async def test_silence_holds_what_is_said_until_mended_on_old_and_new_connections(proxy: FaultProxy) -> None:
    old = await connect(proxy)
    assert await answer(*old) == b"?"
    await proxy.silence()
    new = await connect(proxy)
    for reader, writer in (old, new):
        writer.write(b"held")
        assert await is_silent(reader)
    await proxy.mend()
    assert [await reader.readexactly(4) for reader, _ in (old, new)] == [b"held", b"held"]
    close(old[1], new[1])


async def test_silence_of_one_direction_lets_the_other_pass(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    assert await answer(reader, writer) == b"?"
    [link] = proxy.links
    await proxy.silence(["downstream"])
    writer.write(b"heard but not answered")
    await until(lambda: link.passed["upstream"], lambda passed: passed == 23, "the server to hear it")
    assert await is_silent(reader)
    assert link.passed["downstream"] == 1
    writer.close()


async def test_an_end_during_silence_is_not_noticed(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    assert await answer(reader, writer) == b"?"
    [link] = proxy.links
    await proxy.silence(["upstream"])
    writer.write_eof()
    assert await is_silent(reader)
    assert proxy.links == [link]
    await proxy.mend()
    assert await ended(reader)
    writer.close()


async def test_a_cut_ends_silent_connections_too(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    await proxy.silence()
    writer.write(b"?")
    assert await is_silent(reader)
    await proxy.cut()
    assert await ended(reader)
    await until(lambda: proxy.links, lambda links: links == [], "the connection to be forgotten")
    writer.close()


async def test_one_connection_can_be_silent_alone(proxy: FaultProxy) -> None:
    first, second = await connect(proxy), await connect(proxy)
    assert [await answer(*first), await answer(*second)] == [b"?", b"?"]
    proxy.links[0].silence()
    first[1].write(b"?")
    assert await is_silent(first[0])
    assert await answer(*second) == b"?"
    close(first[1], second[1])


async def test_a_delay_makes_an_answer_late_by_that_long(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    await proxy.delay(0.1, jitter=0.02)
    started = time.monotonic()
    assert await answer(reader, writer) == b"?"
    assert time.monotonic() - started >= 0.2
    writer.close()


async def test_a_throttle_passes_so_many_bytes_a_second(proxy: FaultProxy) -> None:
    reader, writer = await connect(proxy)
    await proxy.throttle(40_000, directions=["upstream"])
    started = time.monotonic()
    writer.write(bytes(10_000))
    assert await reader.readexactly(10_000) == bytes(10_000)
    assert time.monotonic() - started > 0.19
    writer.close()


@pytest.mark.parametrize("after", ["cut", "silent"])
async def test_exactly_so_many_bytes_pass(proxy: FaultProxy, after: str) -> None:
    reader, writer = await connect(proxy)
    assert await answer(reader, writer) == b"?"
    await proxy.limit_data(7, after="cut" if after == "cut" else "silent", directions=["downstream"])
    writer.write(b"0123456789")
    assert await reader.readexactly(7) == b"0123456"
    if after == "cut":
        assert await ended(reader)
    else:
        assert await is_silent(reader)
        await proxy.mend()
        assert await reader.readexactly(3) == b"789"
    writer.close()


async def connect(proxy: FaultProxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"?")
    return await asyncio.wait_for(reader.readexactly(1), 5)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Returns whether the connection ends within five seconds, in whatever way."""
    try:
        return await asyncio.wait_for(reader.read(1), 5) == b""
    except ConnectionError:
        return True


async def is_silent(reader: asyncio.StreamReader) -> bool:
    try:
        await asyncio.wait_for(reader.read(1), SILENCE)
    except TimeoutError:
        return True
    return False


def close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
