"""`culture-connect outbox`: an operator sees what waits for whom, and has it tried again."""

import asyncio
from pathlib import Path

from typer.testing import CliRunner, Result

from culture_connect.messaging import feed_to
from culture_connect.messaging.topology import tickets_queue
from culture_connect_cli.main import app
from tests.messaging.kit import Kit
from tests.messaging.relays import emit, execute, relaying, troubles, waiting
from tests.support.bus import Bus
from tests.support.probes import eventually

PAARD, NDT = feed_to("paard"), feed_to("ndt")


async def command(kit: Kit, folder: Path, *arguments: str) -> Result:
    """As an operator runs it, with the database's address in a file."""
    file = folder / "database_url"
    file.touch(mode=0o600)
    file.write_text(kit.database.url)
    line = ["outbox", *arguments, "--database-url-file", str(file)]
    return await asyncio.to_thread(CliRunner().invoke, app, line)


async def test_a_quarantined_destination_is_listed_and_released_when_it_is_mended(
    kit: Kit, bus: Bus, tmp_path: Path
) -> None:
    assert (await command(kit, tmp_path, "list")).stdout == "Every destination takes its messages.\n"
    ids = await emit(kit, PAARD, PAARD)
    await execute(
        kit,
        "insert into outbox_lanes (lane, attempts, last_error, retry_at) values (:lane, 9, 'unroutable', now())",
        lane=PAARD.lane,
    )
    async with relaying(kit, bus):
        await eventually(lambda: troubles(kit), {PAARD.lane: ("unroutable", True)}, "lanes in trouble")
        told = (await command(kit, tmp_path, "list")).stdout
        for word in ("ticketing: 2 for", PAARD.lane, "quarantined", "unroutable", "tried 10 times"):
            assert word in told
        await kit.add_venue("paard")
        other = await command(kit, tmp_path, "release", NDT.lane)
        assert (other.exit_code, other.stdout) == (1, f"{NDT.lane} is not in trouble.\n")
        released = await command(kit, tmp_path, "release", PAARD.lane)
        assert released.stdout == "Tried again now: 1 destinations, 0 messages that were set apart.\n"
        received = await kit.take(tickets_queue("paard"), 2, "edge")
        await eventually(lambda: waiting(kit), {}, "what waits")
        await eventually(lambda: troubles(kit), {}, "lanes in trouble")
    assert [message.message_id for message in received] == ids


async def test_messages_that_were_set_apart_are_counted_and_sent_when_they_are_released(
    kit: Kit, bus: Bus, tmp_path: Path
) -> None:
    await kit.add_venue("paard")
    await emit(kit, PAARD)
    await execute(kit, "update outbox set quarantined_at = now(), last_error = 'channel-refused-406'")
    told = (await command(kit, tmp_path, "list")).stdout
    assert told.startswith(f"ticketing: 1 for {PAARD.lane} can never be sent (channel-refused-406)")
    async with relaying(kit, bus):
        await command(kit, tmp_path, "release")
        await kit.take(tickets_queue("paard"), 1, "edge")


async def test_a_database_that_is_not_there_is_told_without_its_password(kit: Kit, tmp_path: Path) -> None:
    await kit.database_wire.cut()
    kit.database.url = kit.database_wire.through(kit.database.url)
    result = await command(kit, tmp_path, "list")
    assert result.exit_code == 1
    assert result.stderr == "error: the database cannot be reached: ConnectionRefusedError\n"
