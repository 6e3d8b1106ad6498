"""Letters to a mail server that takes everything at once, and to one that misbehaves."""

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from culture_connect.contracts import LOCAL_TIME, Venue
from notifications.contents import Contents, Letter, Piece, PublishedEvening, Recipient, TicketDetails
from notifications.domain.catalogue import Kind
from notifications.rendering.composer import Composer
from notifications.rendering.renderer import Renderer
from tests.benchmarks.memory import Memory
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Surroundings
from tests.support.smtp_sink import TAKE_AND_DROP, Moody, Sink

PATIENCE = 600.0  # seconds for all letters to go
LOOK = 0.05
CODE = "eyJhbGciOiJFZERTQSJ9." + "eyJ0aWNrZXQiOiI1ZjBjOGYwYSJ9" * 4 + ".c2lnbmF0dXJlLW9mLXRoZS10aWNrZXQ" * 2
LINK = "https://cultureconnect.example/my/7Qm2kP0x1vT9sW4a"
EVENING = UUID(int=7)

# Everything that the events of these tickets would have left, at once: what is measured is the way out.
_FILL = """
    insert into notifications.contacts (
        participant_id, person_version, term_version, given_name, family_name, email, language, erased, partner
    )
    select uuid_in(md5(concat('person', number))::cstring), 1, 1, 'Zoë', 'van der Meer',
        'p' || number || '@partner' || number % 20 || '.example', 'nl', false, 'partner' || number % 20
    from generate_series($1::int, $2::int) as numbers (number)
"""
_TICKETS = """
    insert into notifications.tickets (ticket_id, participant_id, evening_id, version, standing, details, issued_at)
    select participant_id, participant_id, $1, 1, 'issued', $2::jsonb, now() from notifications.contacts
    on conflict do nothing
"""
_LETTERS = """
    insert into notifications.letters (
        letter_id, participant_id, evening_id, kind, bundle, ticket_id, ticket_version, state, attempts, planned_at,
        wanted_at, domain
    )
    select ticket_id, participant_id, evening_id, 'ticket-issued', 'arrival', ticket_id, 1, 'planned', 0, now(), now(),
        substring(email from '[^@]*$')
    from notifications.tickets join notifications.contacts using (participant_id)
    on conflict do nothing
"""
_EVENING = """
    insert into notifications.evenings (evening_id, version, day, cancelled, details, starts_at, ends_at)
    values ($1, 1, $2, false, $3::jsonb, $4, $5) on conflict do nothing
"""
_GO = "update notifications.letters set due_at = now() where state = 'planned' and due_at is null"
_LEFT = "select count(*) from notifications.letters where state in ('planned', 'sending')"
_STATES = "select state, count(*) as letters from notifications.letters group by state"


@dataclass(frozen=True)
class Faulty:
    """What became of letters to a mail server that misbehaves: how many were lost, and how many came twice.

    `allowed` is how many may come twice: those that the server took without a word, and one for each connection of a
    process that was killed.
    """

    sample: Sample
    refused: int
    failed: int
    lost: int
    twice: int
    allowed: int


def an_evening() -> dict[str, Any]:
    """An evening as the contract has it, in a year that is still to come."""
    year = datetime.now(LOCAL_TIME).year + 2
    day = date(year, 3, 5)

    def at(hour: int, minute: int = 0) -> str:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOCAL_TIME).isoformat()

    parts = [("concert", 19, 21), ("in-depth", 21, 22), ("drinks", 22, 23)]
    return {
        "evening_id": str(EVENING),
        "version": 1,
        "season": f"{year - 1}-{year}",
        "venue": str(Venue.PAARD),
        "title": {"nl": "Klank & stilte", "en": "Sound & silence"},
        "theme": {"nl": "Leiderschap in een luide tijd", "en": "Leadership in loud times"},
        "starts_at": at(19),
        "ends_at": at(23),
        "location": "Prinsegracht 12, Den Haag",
        "capacity": 200,
        "admission": "automatic",
        "release_at": at(9),
        "closes_at": at(12),
        "programme": [
            {
                "kind": kind,
                "title": {"nl": "Nieuwe stemmen", "en": "New voices"},
                "starts_at": at(one),
                "ends_at": at(two),
            }
            for kind, one, two in parts
        ],
    }


async def fill(where: Surroundings, first: int, count: int) -> None:
    """Letters with tickets for so many people, written down and not due; at twenty domains."""
    told = an_evening()
    evening = PublishedEvening.model_validate(told)
    day = evening.starts_at.astimezone(LOCAL_TIME).date()
    await where.rows(_EVENING, EVENING, day, json.dumps(told), evening.starts_at, evening.ends_at)
    await where.rows(_FILL, first, first + count - 1)
    await where.rows(_TICKETS, EVENING, json.dumps({"code": CODE, "link": LINK}))
    await where.rows(_LETTERS)
    await where.rows("analyze notifications.letters")


async def sent(where: Surroundings, first: int, count: int, connections: int) -> tuple[Sample, int]:
    """Letters to a server that takes everything; also the most memory that the service held."""
    await fill(where, first, count)
    async with Sink() as sink, where.service("notifications", **_mail(sink, connections)) as served:
        memory = Memory(served.pid)
        memory.forget_peak()
        before, started = where.clock.read(), time.perf_counter()
        await where.rows(_GO)
        await _until_left(where, 0)
        sample = Sample(count, time.perf_counter() - started, where.clock.since(before))
        if len(sink.taken) != count:
            raise RuntimeError(f"{len(sink.taken)} of {count} letters arrived")
        return sample, memory.peak()


async def faulty(where: Surroundings, first: int, count: int, connections: int = 4) -> Faulty:
    """Letters to a server that is busy, breaks lines and knows not everybody, from a service that is killed once."""
    await fill(where, first, count)
    moody = Moody(20261125, busy=0.03, refused=0.02, lost=0.01, unheard=0.005)
    addresses = [f"p{number}@partner{number % 20}.example" for number in range(first, first + count)]
    refused = sum(moody.refuses(address) for address in addresses)
    settings = {"CULTURE_CONNECT_MAIL_CLAIM_SECONDS": "5"}
    unheard = 0

    def mood(step: str, argument: str) -> str | None:
        nonlocal unheard
        answer = moody(step, argument)
        unheard += answer == TAKE_AND_DROP
        return answer

    async with Sink(mood=mood) as sink:
        settings |= _mail(sink, connections)
        before, started = where.clock.read(), time.perf_counter()
        async with where.service("notifications", **settings) as served:
            await where.rows(_GO)
            await _until_left(where, count // 2)
            os.kill(served.pid, signal.SIGKILL)
        async with where.service("notifications", **settings):
            await _until_left(where, 0)
        sample = Sample(count, time.perf_counter() - started, where.clock.since(before))
        states = {row["state"]: row["letters"] for row in await where.rows(_STATES)}
        return Faulty(
            sample,
            refused=refused,
            failed=states.get("failed", 0),
            lost=count - refused - len(sink.taken),
            twice=sum(taken - 1 for taken in sink.taken.values()),
            allowed=unheard + connections,
        )


def written(count: int) -> Sample:
    """The same letters written and put together as mails, and sent nowhere: in this process, one after the other."""
    composer = Composer(
        Renderer(public_url="http://127.0.0.1:8003"),
        sender="Culture Connect <avond@cultureconnect.example>",
        domain="cultureconnect.example",
        public_url="http://127.0.0.1:8003",
        reply_to={},
        signer=None,
    )
    evening = PublishedEvening.model_validate(an_evening())
    letters = [
        Letter(
            UUID(int=number),
            UUID(int=number),
            datetime.now(UTC),
            Contents(
                recipient=Recipient.model_validate(
                    {"email": f"p{number}@acme.example", "language": "nl", "given_name": "Zoë", "family_name": "Meer"}
                ),
                pieces=[
                    Piece(
                        letter_id=UUID(int=number),
                        kind=Kind.TICKET_ISSUED,
                        evening=evening,
                        ticket=TicketDetails(code=CODE, link=LINK),
                        sequence=0,
                    )
                ],
            ),
        )
        for number in range(count)
    ]
    composer.mail(letters[0])
    started = time.perf_counter()
    for letter in letters:
        composer.mail(letter)
    return Sample(count, time.perf_counter() - started, {})


def _mail(sink: Sink, connections: int) -> dict[str, str]:
    return {"CULTURE_CONNECT_SMTP_PORT": str(sink.port), "CULTURE_CONNECT_MAIL_CONNECTIONS": str(connections)}


async def _until_left(where: Surroundings, left: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while await where.scalar(_LEFT) > left:
        if time.monotonic() > deadline:
            raise RuntimeError(f"letters were not sent within {PATIENCE:g} s")
        await asyncio.sleep(LOOK)
