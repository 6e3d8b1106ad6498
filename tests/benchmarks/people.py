"""The messages of a benchmark: invented people, and what the services say of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import aio_pika

from culture_connect.contracts import (
    EnrolmentAccepted,
    EnrolmentRequested,
    Envelope,
    EveningScheduled,
    FeedTicketIssued,
    Language,
    Localised,
    Message,
    Outcome,
    ParticipantEnrolled,
    PartKind,
    PartnerRegistered,
    ProgrammePart,
    TicketIssued,
    Venue,
    headers_of,
)

CODE_LENGTH = 300  # characters, as a signed ticket code has
LINK = "http://127.0.0.1/my/AAAAAAAAAAAAAAAAAAAAAA"  # as long as that of a personal page

_SPACE = UUID("5a0d0000-0000-4000-8000-000000000000")
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_SOON = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0) + timedelta(days=60)


def enrolments(partner: str, count: int) -> Iterator[aio_pika.Message]:
    """Yields the messages of an HR system: JSON with `type` and `message_id`, one for each of its people."""
    for number in range(count):
        request = EnrolmentRequested(
            employee_ref=f"{number:06}",
            given_name="Robin",
            family_name=f"van der Proef {number}",
            email=f"robin.{number}@{partner}.example",
        )
        yield aio_pika.Message(
            request.to_json(),
            type=request.type,
            message_id=str(_id("enrolment", partner, number)),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )


def hr_file(partner: str, count: int, *, renamed_one_in: int | None = None) -> bytes:
    """The people of a partner as a Dutch personnel system exports them: CSV with semicolons, as Excel wants its UTF-8.

    With `renamed_one_in` one in so many has another family name.
    """
    lines = ["Personeelsnummer;Roepnaam;Tussenvoegsel;Achternaam;E-mailadres;Taal"]
    for number in range(count):
        renamed = renamed_one_in is not None and number % renamed_one_in == renamed_one_in - 1
        given, infix, family = "René" if number % 10 == 0 else "Robin", "van der" if number % 4 == 0 else "", "Proef"
        family = f"{family}-Nieuw {number}" if renamed else f"{family} {number}"
        lines.append(f"{number:06};{given};{infix};{family};robin.{number}@{partner}.example;nl")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def answers(partner: str, count: int) -> Iterator[tuple[aio_pika.Message, aio_pika.Message]]:
    """Yields the answers of registration: a receipt and an event for each."""
    for number in range(count):
        participant_id = _id("participant", partner, number)
        receipt = EnrolmentAccepted(
            message_id=str(_id("enrolment", partner, number)),
            employee_ref=f"{number:06}",
            participant_id=participant_id,
            outcome=Outcome.ENROLLED,
        )
        yield as_amqp(receipt, str(participant_id)), as_amqp(enrolled(partner, number), str(participant_id))


def openings(count: int) -> Iterator[tuple[aio_pika.Message, aio_pika.Message]]:
    """Yields the messages of an allocation: for each ticket the one to the box office, and the event."""
    evening_id = _id("evening", "publishing", 0)
    for number in range(count):
        ticket_id = _id("ticket", "publishing", number)
        code = f"{number:0{CODE_LENGTH}}"
        feed = FeedTicketIssued(
            ticket_id=ticket_id,
            evening_id=evening_id,
            code=code,
            holder_name=f"Robin van der Proef {number}",
            partner_name="Werkgever",
            version=1,
            issued_at=_SOON,
        )
        issued = TicketIssued(
            ticket_id=ticket_id,
            participant_id=_id("participant", "publishing", number),
            evening_id=evening_id,
            version=1,
            code=code,
            link=LINK,
            issued_at=_SOON,
        )
        yield as_amqp(feed, str(ticket_id)), as_amqp(issued, str(ticket_id))


def enrolled(partner: str, number: int) -> ParticipantEnrolled:
    """One participant."""
    return ParticipantEnrolled(
        participant_id=_id("participant", partner, number),
        partner=partner,
        given_name="Robin",
        family_name=f"van der Proef {number}",
        email=f"robin.{number}@{partner}.example",
        language=Language.NL,
        version=1,
    )


def registered(partner: str, places: int) -> PartnerRegistered:
    """A partner with room for so many."""
    return PartnerRegistered(slug=partner, name=f"Werkgever {partner}", places=places, language=Language.NL, version=1)


def scheduled(venue: Venue, capacity: int, number: int, *, released: bool = False) -> EveningScheduled:
    """The evening of this number, each on a day of its own; `released`: no seat is kept for any partner any more."""
    start = _SOON + timedelta(days=number)
    parts = [(PartKind.CONCERT, 0, 60), (PartKind.IN_DEPTH, 60, 90), (PartKind.DRINKS, 90, 120)]
    season = start.year if start.month >= 9 else start.year - 1
    return EveningScheduled(
        evening_id=_id("evening", venue, number),
        season=f"{season}-{season + 1}",
        venue=venue,
        title=Localised(nl="Proefavond", en="Trial evening"),
        theme=Localised(nl="Meten", en="Measuring"),
        starts_at=start,
        ends_at=start + timedelta(minutes=120),
        location="Den Haag",
        capacity=capacity,
        release_at=_LONG_AGO if released else start - timedelta(days=7),
        closes_at=start - timedelta(hours=2),
        programme=[
            ProgrammePart(
                kind=kind,
                title=Localised(nl="Deel", en="Part"),
                starts_at=start + timedelta(minutes=begin),
                ends_at=start + timedelta(minutes=end),
            )
            for kind, begin, end in parts
        ],
        version=1,
    )


def as_amqp(message: Message, subject: str) -> aio_pika.Message:
    """A message as a service would publish it."""
    envelope = Envelope(
        id=str(uuid5(_SPACE, f"{message.type} {subject}")),
        type=message.type,
        source="/culture-connect/benchmark",
        time=datetime.now(UTC),
        subject=subject,
    )
    return aio_pika.Message(
        message.to_json(),
        headers=dict(headers_of(envelope)),
        type=message.type,
        message_id=envelope.id,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def _id(kind: str, scope: str, number: int) -> UUID:
    return uuid5(_SPACE, f"{kind} {scope} {number}")
