"""`kill -9` in the middle of the work: everyone gets one ticket and one letter, the box office hears of each once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import pytest

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import enrolments_queue, receipts_queue
from tests.support.external_clients import Listener, listening, send_until_confirmed
from tests.support.probes import eventually, until
from tests.support.system import System, enrolments, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(150)]

PEOPLE = 500
Victim = Literal["registration", "ticketing", "notifications", "rabbitmq", "postgres"]

# Each run has a venue and a day of its own, so that what one leaves behind cannot pass for the work of another.
RUNS: list[tuple[Victim, Venue]] = list(
    zip(("registration", "ticketing", "notifications", "rabbitmq", "postgres"), Venue, strict=True)
)


@pytest.mark.parametrize(("victim", "venue"), RUNS)
async def test_a_kill_in_the_middle_of_500_enrolments_loses_nothing_and_doubles_nothing(
    system: System, victim: Victim, venue: Venue
) -> None:
    partner, day = f"kill-{victim}", in_days(30 + RUNS.index((victim, venue)))
    evening = await system.schedule(venue, day, capacity=PEOPLE)
    hr = await system.add_partner(partner, places=PEOPLE)
    messages = enrolments(partner, PEOPLE, only_on=day)
    for queue in (enrolments_queue(partner), receipts_queue(partner)):
        await eventually(partial(broker_has_written_down, system, queue), True, f"{queue} on the broker's disk")

    async with listening(hr) as receipts, listening(system.box_office(venue)) as box_office:
        await send_until_confirmed(hr, messages[: PEOPLE // 2])
        done = await until(work_of(system, victim, evening, partner), lambda done: done > 0, f"{victim} to be at work")
        rest = asyncio.create_task(send_until_confirmed(hr, messages[PEOPLE // 2 :]))
        await system.stack.kill(victim)
        assert done < PEOPLE, "it was killed after the work"
        await system.stack.start(victim)
        await rest

        await eventually(lambda: len(receipts.heard), PEOPLE, "receipts", timeout=60)
        await eventually(lambda: tickets_of(system, evening), PEOPLE, "tickets", timeout=60)
        await eventually(lambda: len(issued(box_office, evening)), PEOPLE, "tickets at the box office", timeout=60)
        await eventually(lambda: letters_of(system, partner), PEOPLE, "letters sent", timeout=60)

    assert {receipt["message_id"] for receipt in receipts.data("enrolment.accepted")} == {each.id for each in messages}
    await every_person_has_one_ticket(system, partner, evening)
    assert Counter(ticket["ticket_id"] for ticket in issued(box_office, evening)).most_common(1)[0][1] == 1
    await every_person_has_one_letter(system, partner, repeats=0 if victim in ("registration", "ticketing") else 8)
    await nothing_is_dead(system)


def broker_has_written_down(system: System, queue: str) -> bool:
    """RabbitMQ 3.10 forgets a queue that was made some three seconds before a crash; see the guide on running it."""
    registers = (system.stack.home.folder / "rabbitmq" / "data").glob("**/quorum/*/names.dets")
    return any(queue.encode() in register.read_bytes() for register in registers)


def work_of(system: System, victim: Victim, evening: str, partner: str) -> Callable[[], Awaitable[int]]:
    """Returns a probe of how far the victim is with its own work."""
    if victim == "registration":
        return lambda: participants_of(system, partner)
    if victim == "notifications":
        return lambda: letters_of(system, partner)
    return lambda: tickets_of(system, evening)


async def participants_of(system: System, partner: str) -> int:
    [row] = await system.rows("select count(*) from registration.participants where partner = $1", partner)
    return int(row[0])


async def tickets_of(system: System, evening: str) -> int:
    [row] = await system.rows(
        "select count(*) from ticketing.tickets where evening_id = $1 and state = 'issued'", evening
    )
    return int(row[0])


async def letters_of(system: System, partner: str) -> int:
    """Returns the number of letters sent to people of the partner, as notifications knows."""
    [row] = await system.rows(
        """
        select count(*) from notifications.letters
        join registration.participants using (participant_id)
        where participants.partner = $1 and letters.kind = 'ticket-issued' and letters.state = 'sent'
        """,
        partner,
    )
    return int(row[0])


def issued(box_office: Listener, evening: str) -> list[dict[str, str]]:
    return [ticket for ticket in box_office.data("ticket.issued") if ticket["evening_id"] == evening]


async def every_person_has_one_ticket(system: System, partner: str, evening: str) -> None:
    rows = await system.rows(
        """
        select count(*) from registration.participants as person
        join ticketing.tickets as ticket using (participant_id)
        where person.partner = $1 and ticket.evening_id = $2 and ticket.state = 'issued'
        group by participant_id
        """,
        partner,
        evening,
    )
    assert [row[0] for row in rows] == [1] * PEOPLE


async def every_person_has_one_letter(system: System, partner: str, *, repeats: int) -> None:
    """One Message-ID each; a letter that was in the SMTP dialogue at the crash may have come twice."""
    letters = await _letters(system, partner)
    assert len(set(letters)) == PEOPLE
    assert len(letters) <= PEOPLE + repeats


async def _letters(system: System, partner: str) -> list[tuple[str, str]]:
    return [
        (address, letter["message_id"])
        for letter in await system.ticket_letters()
        for address in letter["to"]
        if address.endswith(f"@{partner}.example")
    ]


async def nothing_is_dead(system: System) -> None:
    async with system.stack.broker.management() as management:
        queues = await management.get("queues")
    dead = {queue["name"]: queue.get("messages", 0) for queue in queues if queue["name"].endswith(".dead")}
    assert dead
    assert not any(dead.values()), dead
