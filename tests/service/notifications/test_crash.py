"""The service killed between the claim of a letter and the server's answer, as a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from tests.service.notifications.harness import Harness, evening, issued, known, running
from tests.support.probes import eventually


@asynccontextmanager
async def process_of(harness: Harness, log: Path) -> AsyncIterator[Process]:
    """The service as it is run in earnest; killed at the end of the block when it was not before."""
    settings = harness.settings
    environment = {
        "DATABASE_URL": settings.database_url,
        "CORE_URL": settings.core_url,
        "TOKENS_FILE": str(settings.tokens_file),
        "HASH_KEY": settings.hash_key,
        "HTTP_PORT": "0",
        "SMTP_PORT": str(settings.smtp_port),
        "MAIL_CLAIM_SECONDS": "4",
        "MAIL_TICKET_SECONDS": "0",
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "notifications", "serve"),
            env={**os.environ, **{f"CULTURE_CONNECT_{name}": value for name, value in environment.items()}},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_letter_in_hand_when_the_process_is_killed_is_repeated_as_it_was(
    world: Harness, tmp_path: Path
) -> None:
    participant = uuid4()
    world.mail_server.hold(f"{participant}@acme.example")
    await world.tell(evening(), known(participant), issued(participant))
    log = tmp_path / "notifications.log"
    async with process_of(world, log) as process:
        await eventually(lambda: len(world.mail_server.received), 1, "mails handed over", timeout=30)
        [row] = await world.rows("select state, claim, sent_at from letters where kind = 'ticket-issued'")
        assert (row["state"], row["sent_at"]) == ("sending", None)
        process.kill()
    world.mail_server.release()
    # What changed meanwhile must not make the repetition another letter.
    await world.tell(known(participant, version=2, given_name="Other"))
    async with process_of(world, log):
        await eventually(lambda: len(world.mail_server.received), 2, "mails handed over", timeout=30)
        await eventually(lambda: states(world), ["sent"], "the states of the letters", timeout=20)
    first, second = world.mail_server.received
    assert first.message_id == second.message_id
    assert first.message == second.message
    [(attempts,)] = await world.rows("select attempts from letters where kind = 'ticket-issued'")
    assert attempts == 1
    for secret in ("Zoë", "acme.example", "eyJ"):
        assert secret not in log.read_text()


async def test_another_replica_leaves_a_claimed_letter_alone(world: Harness) -> None:
    claimed, other = uuid4(), uuid4()
    single = world.settings.model_copy(update={"mail_connections": 1})
    world.mail_server.hold(f"{claimed}@acme.example")
    async with running(single) as world.api:
        await world.tell(evening(), known(claimed), issued(claimed))
        await world.until_mailed(1)
        async with running(single):
            # The only worker of the first replica is busy: so the second one sends this, past the older letter.
            await world.tell(known(other), issued(other))
            await world.until_mailed(2)
            world.mail_server.release()
            await world.until_state(claimed, "ticket-issued", "sent")
            await world.marker(mails=3)
    assert world.mail_server.recipients[:2] == [f"{claimed}@acme.example", f"{other}@acme.example"]


async def states(harness: Harness) -> list[str]:
    """The states of all letters."""
    return [row["state"] for row in await harness.rows("select state from letters where kind = 'ticket-issued'")]
