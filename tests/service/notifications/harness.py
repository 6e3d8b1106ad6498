"""The world around notifications: registration and ticketing that tell things, a mail server, an operator."""

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import httpx
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

from culture_connect.contracts import (
    CancellationReason,
    Envelope,
    EveningChanged,
    EveningScheduled,
    InvitationExtended,
    Language,
    Message,
    ParticipantChanged,
    ParticipantEnrolled,
    TicketCancelled,
    TicketIssued,
    TicketOffered,
    TicketWaitlisted,
    headers_of,
    local_day,
)
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import Database
from notifications.app import build_app
from notifications.jobs.maintenance import Maintenance
from notifications.settings import NotificationsSettings
from tests.service.notifications.mail_server import MailServer
from tests.support.probes import eventually, until
from tests.support.service_environment import Surroundings
from tests.unit.notifications.builders import CODE, EVENING, LINK, an_evening


class Harness:
    """Hands to play everybody else."""

    api: httpx.AsyncClient  # there as soon as a replica runs

    def __init__(
        self,
        settings: NotificationsSettings,
        surroundings: Surroundings,
        mail_server: MailServer,
        events: AbstractExchange,
        told: Sequence[AbstractIncomingMessage],
    ) -> None:
        self.settings = settings
        self.surroundings = surroundings
        self.mail_server = mail_server
        self._events = events
        self._told = told

    async def tell(
        self,
        *messages: Message,
        id: str | None = None,  # noqa: A002 - CloudEvents' name
        at: datetime | None = None,
    ) -> None:
        """Publishes the events in their order, each with an id of its own unless one is given, as of now or `at`."""
        for message in messages:
            envelope = Envelope(
                id=id or str(uuid4()), type=message.type, source="/culture-connect/tests", time=at or datetime.now(UTC)
            )
            wire = aio_pika.Message(
                message.to_json(),
                headers={**headers_of(envelope)},
                content_type="application/json",
                message_id=envelope.id,
                type=message.type,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await self._events.publish(wire, message.routing_key("paard"))

    def told(self, short_type: str) -> list[dict[str, Any]]:
        """The data of what this service said of a type such as `mail.undeliverable`."""
        return [json.loads(each.body) for each in self._told if f".{short_type}." in str(each.type)]

    async def letters(self, **wanted: str | UUID) -> list[dict[str, Any]]:
        """The list of letters as the operator sees it."""
        answer = await self.api.get("/letters", params={key: str(value) for key, value in wanted.items()})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def states(self, participant: UUID) -> dict[str, tuple[str, str | None]]:
        """State and reason of each letter of a participant, by kind."""
        found = await self.letters(participant_id=participant)
        return {letter["kind"]: (letter["state"], letter["reason"]) for letter in found}

    async def until_state(self, participant: UUID, kind: str, state: str) -> tuple[str, str | None]:
        """Waits for a letter of this kind in this state; returns state and reason."""
        states: dict[str, tuple[str, str | None]] = {}

        async def look() -> bool:
            states.update(await self.states(participant))
            return states.get(kind, ("",))[0] == state

        await eventually(look, True, f"the letter {kind} to be {state}", timeout=20)
        return states[kind]

    async def postpone(self, participant: UUID, kind: str) -> None:
        """Keeps a planned letter from being tried for an hour, as soon as it is not in flight: then it may arrive."""
        statement = (
            "update letters set due_at = now() + interval '1 h' where participant_id = $1 and kind = $2"
            " and state = 'planned' and mail_id is null returning 1"
        )
        await until(lambda: self.rows(statement, participant, kind), bool, f"the letter {kind} to be postponed")

    async def resume(self, participant: UUID, kind: str) -> None:
        """Lets a letter that was postponed be tried at once."""
        await self.rows(
            "update letters set due_at = now() where participant_id = $1 and kind = $2 and state = 'planned'",
            participant,
            kind,
        )

    async def until_known(self, participant: UUID, version: int) -> None:
        """Waits until this version of a participant has been taken over."""

        async def known_version() -> int:
            rows = await self.rows("select person_version from contacts where participant_id = $1", participant)
            return int(rows[0][0])

        await eventually(known_version, version, "the version of the participant", timeout=20)

    async def until_suppressed(self, participant: UUID, kind: str) -> set[str]:
        """Waits until all letters of this kind are suppressed; returns their reasons."""
        reasons: set[str] = set()

        async def suppressed() -> bool:
            found = [each for each in await self.letters(participant_id=participant) if each["kind"] == kind]
            reasons.update(each["reason"] for each in found if each["state"] == "suppressed")
            return all(each["state"] == "suppressed" for each in found)

        await eventually(suppressed, True, f"the letters {kind} to be suppressed", timeout=20)
        return reasons

    async def until_mailed(self, count: int) -> None:
        """Waits for so many mails in all."""
        await eventually(lambda: len(self.mail_server.received), count, "mails received", timeout=20)

    async def marker(self, mails: int) -> None:
        """Sends a letter to somebody else, and waits until there are so many mails in all with it.

        What comes before it would have been sent before it: so nothing else was.
        """
        other = uuid4()
        await self.tell(known(other, email=f"marker-{other.hex}@acme.example"), evening(), issued(other))
        await self.until_mailed(mails)
        assert f"marker-{other.hex}@acme.example" in self.mail_server.recipients

    async def until_tried(self) -> None:
        """Waits until a letter was tried and did not go."""

        async def tried() -> bool:
            return any(letter["reason"] is not None for letter in await self.letters(state="planned"))

        await eventually(tried, True, "an attempt that failed", timeout=20)

    async def hurry(self) -> None:
        """Lets the pauses of all letters be over, but for those of a later day."""
        await self.rows("update letters set due_at = now() where state = 'planned' and wanted_at <= now()")

    async def until_planned(self, count: int, **wanted: str | UUID) -> None:
        """Waits for so many letters that are planned."""

        async def planned() -> int:
            return len(await self.letters(state="planned", limit="200", **wanted))

        await eventually(planned, count, "letters planned", timeout=20)

    async def due_now(self, kind: str) -> None:
        """Ends the patience of the letters of this kind."""
        await self.rows("update letters set due_at = now() where state = 'planned' and kind = $1", kind)

    async def maintain(self, *, later: timedelta = timedelta(0)) -> None:
        """Does one round of the maintenance, by a clock that is ahead by so much."""
        database = Database(self.settings.database_url, schema="notifications", clock=lambda: datetime.now(UTC) + later)
        try:
            await Maintenance(database, kept_for=self.settings.kept_for).once()
        finally:
            await database.close()

    async def kept_of(self, *participants: UUID) -> str:
        """All that is kept of these participants, as one text to search in."""
        tables = ("contacts", "tickets", "letters")
        statement = "select * from {} as kept where participant_id = any($1)"
        return str([await self.rows(statement.format(table), list(participants)) for table in tables])

    async def rows(self, statement: str, *arguments: Any) -> list[Any]:
        """Looks behind the scenes."""
        connection = await asyncpg.connect(self.surroundings.database.superuser_url)
        try:
            await connection.execute("set search_path = notifications")
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()


@asynccontextmanager
async def overhearing(
    surroundings: Surroundings,
) -> AsyncIterator[tuple[AbstractExchange, list[AbstractIncomingMessage]]]:
    """The exchange of events, and a list of all that goes through it from now on."""
    told: list[AbstractIncomingMessage] = []

    async def hear(message: AbstractIncomingMessage) -> None:
        told.append(message)

    async with surroundings.administrator("core") as core:
        tap = await core.declare_queue(f"tap-{secrets.token_hex(4)}", exclusive=True)
        await tap.bind("events", "#")
        await tap.consume(hear, no_ack=True)
        yield await core.get_exchange("events"), told


@asynccontextmanager
async def running(settings: NotificationsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A replica until the end of the block; the client is the operator."""
    app = build_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://notifications",
            headers={"authorization": "Bearer console"},
        ) as client,
    ):
        await eventually(app.state.service.problems, [], "problems of the replica", timeout=20)
        yield client


def enrolled(
    participant: UUID, *, version: int = 1, language: Language = Language.NL, **changes: Any
) -> ParticipantEnrolled:
    """Somebody who takes part, and is welcomed."""
    return ParticipantEnrolled(
        participant_id=participant,
        partner="acme",
        given_name=changes.get("given_name", "Zoë"),
        family_name=changes.get("family_name", "van der Meer"),
        email=changes.get("email", f"{participant}@acme.example"),
        language=language,
        starts_on=changes.get("starts_on"),
        version=version,
    )


def undeliverable_to(participant: UUID, email: str | None = None) -> dict[str, Any]:
    """Returns the event about mail to somebody's address."""
    digest = address_digest("acme", email or f"{participant}@acme.example")
    return {"participant_id": str(participant), "address_sha256": digest.hex()}


def known(participant: UUID, **changes: Any) -> ParticipantChanged:
    """Somebody whose name and address are told, and who is not welcomed for it."""
    return ParticipantChanged.model_validate(enrolled(participant, **changes).model_dump(mode="json"))


def in_future(**changes: Any) -> dict[str, Any]:
    """The evening of these tests: that of the letters, on the same day of the week in a year that is still to come."""
    told = json.dumps(an_evening(**changes))
    return dict(json.loads(told.replace("2026-", "2054-").replace("-2027", "-2055")))


def evening(**changes: Any) -> EveningScheduled:
    """The evening as it is first told."""
    return EveningScheduled.model_validate(in_future(**changes))


def evening_in(days: int, **changes: Any) -> EveningScheduled:
    """The evening so many days from today."""
    return EveningScheduled.model_validate(on_day(local_day(datetime.now(UTC)) + timedelta(days=days), **changes))


def on_day(day: date, **changes: Any) -> dict[str, Any]:
    """The evening on that day, released a week before."""
    released = day - timedelta(days=7)
    told = json.dumps(an_evening(**changes))
    told = told.replace("2026-11-05", day.isoformat()).replace("2026-10-29", released.isoformat())
    return dict(json.loads(told))


def moved(version: int, **changes: Any) -> EveningChanged:
    """The evening as it is told later."""
    return EveningChanged.model_validate(in_future(version=version, changed=sorted(changes), **changes))


def issued(
    participant: UUID, *, ticket: UUID | None = None, version: int = 1, evening_id: UUID = EVENING
) -> TicketIssued:
    """A ticket for somebody; the same for every call unless said otherwise."""
    return TicketIssued(
        ticket_id=ticket or ticket_of(participant),
        participant_id=participant,
        evening_id=evening_id,
        version=version,
        code=CODE,
        link=LINK,
        issued_at=datetime(2026, 9, 1, 12, tzinfo=UTC),
    )


def waitlisted(participant: UUID, *, position: int, version: int) -> TicketWaitlisted:
    """A place in the line."""
    return TicketWaitlisted(
        ticket_id=ticket_of(participant),
        participant_id=participant,
        evening_id=EVENING,
        version=version,
        position=position,
    )


def gone(participant: UUID, reason: CancellationReason) -> TicketCancelled:
    """A ticket that is no more."""
    return TicketCancelled(
        ticket_id=ticket_of(participant), participant_id=participant, evening_id=EVENING, version=9, reason=reason
    )


def offered(participant: UUID, *, holder: UUID, offer: UUID | None = None) -> TicketOffered:
    """An offer of the holder's ticket; the same for every call unless said otherwise."""
    return TicketOffered(
        offer_id=offer or UUID(int=participant.int ^ 2),
        ticket_id=ticket_of(holder),
        participant_id=participant,
        holder_id=holder,
        evening_id=EVENING,
        link=LINK,
    )


def invited(participant: UUID, *, evening_id: UUID = EVENING) -> InvitationExtended:
    """An invitation."""
    return InvitationExtended(participant_id=participant, evening_id=evening_id, link=LINK)


def ticket_of(participant: UUID) -> UUID:
    """The id of the participant's ticket in these tests."""
    return UUID(int=participant.int ^ 1)
