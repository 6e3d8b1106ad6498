"""A flood to one employer holds up nobody else's letters, and the mail server is not given more than it wants."""

from uuid import uuid4

from culture_connect.messaging import Database
from notifications.store import mail_queue
from tests.service.notifications.harness import Harness, evening, issued, known, running
from tests.support.probes import eventually

FLOOD = 40


async def test_a_letter_to_another_domain_passes_a_flood_that_came_before_it(world: Harness) -> None:
    flood, other = [uuid4() for _ in range(FLOOD)], uuid4()
    settings = world.settings.model_copy(update={"mail_connections": 1, "mail_ticket_seconds": 3600})
    async with running(settings) as world.api:
        await world.tell(evening(), *map(known, flood), *map(issued, flood))
        await world.tell(known(other, email="somebody@zuid.example"), issued(other))
        await eventually(lambda: planned(world), FLOOD + 1, "letters planned", timeout=20)
        await world.rows(
            """
            update letters set due_at = now() - case domain when 'acme.example' then interval '1 hour' else '0' end
            where kind = 'ticket-issued'
            """
        )
        await world.until_mailed(FLOOD + 1)
    assert world.mail_server.recipients.index("somebody@zuid.example") <= 16


async def test_moments_to_send_are_given_out_one_after_the_other_to_all_replicas_together(world: Harness) -> None:
    waits = []
    for replica in [Database(world.settings.database_url, schema="notifications") for _ in range(2)]:
        for _ in range(3):
            async with replica.begin() as work:
                waits.append(await mail_queue.reserve(work, per_second=0.1))
        await replica.close()
    # Ten seconds apart, less the moment that asking takes.
    assert [round(wait, -1) for wait in waits] == [0, 10, 20, 30, 40, 50]


async def test_letters_go_with_a_pace_as_well(world: Harness) -> None:
    people = [uuid4() for _ in range(10)]
    settings = world.settings.model_copy(update={"mail_per_second": 1000.0})
    async with running(settings) as world.api:
        await world.tell(evening(), *map(known, people), *map(issued, people))
        await world.until_mailed(10)


async def planned(harness: Harness) -> int:
    """Returns the number of planned letters with tickets."""
    return len(await harness.letters(kind="ticket-issued", state="planned", limit="200"))
