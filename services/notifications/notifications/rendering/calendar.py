"""The calendar entries of a letter (iCalendar, RFC 5545; invitation by mail, RFC 5546 and 6047)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from uuid import UUID

from icalendar import Calendar, Component, Event, vCalAddress, vText

from culture_connect import dates
from culture_connect.contracts import LOCAL_TIME, venue_names
from notifications.contents import Letter, Piece, PublishedEvening
from notifications.domain.catalogue import ENDINGS
from notifications.rendering.sanitize import ascii_address, one_line
from notifications.rendering.translations import PROGRAMME_KINDS

Method = Literal["REQUEST", "CANCEL"]

# The rules of today, good for any year until they change. The library's own lists dates, and has summer time begin an
# hour late: its DTSTART is on the new clock, where RFC 5545 (3.6.5) has the old one.
_TIMEZONE = """BEGIN:VTIMEZONE
TZID:Europe/Amsterdam
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
""".replace("\n", "\r\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A calendar object, its method, and the name of its file."""

    name: str
    method: Method
    data: bytes


@dataclass(frozen=True, slots=True)
class Appointment:
    """The data of an entry. `organizer` and `attendee` are (name, address)."""

    uid: str
    sequence: int
    written_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: Sequence[str]
    organizer: tuple[str, str]
    attendee: tuple[str, str]
    url: str | None = None


def entries(letter: Letter, *, organizer: tuple[str, str], domain: str) -> list[Entry]:
    """Returns an entry per evening that the letter puts into the calendar, moves there, or takes out.

    Raises UnusableAddressError when the addressee's address cannot be used.
    """
    return [
        _entry(letter, piece, piece.evening, piece.sequence, organizer, domain)
        for piece in letter.contents.pieces
        if piece.evening is not None and piece.sequence is not None
    ]


def uid_of(participant_id: UUID, evening_id: UUID, domain: str) -> str:
    """Returns the id of an entry, one per participant and evening: a later letter changes it and makes no second."""
    return f"{evening_id}.{participant_id}@{domain}"


def _entry(
    letter: Letter, piece: Piece, evening: PublishedEvening, sequence: int, organizer: tuple[str, str], domain: str
) -> Entry:
    if letter.participant_id is None:
        raise ValueError("only participants have calendar entries")
    recipient = letter.contents.recipient
    method: Method = "CANCEL" if piece.kind in ENDINGS else "REQUEST"
    appointment = Appointment(
        uid=uid_of(letter.participant_id, evening.evening_id, domain),
        sequence=sequence,
        written_at=letter.written_at,
        starts_at=evening.starts_at,
        ends_at=evening.ends_at,
        summary=f"Culture Connect: {evening.title.in_(recipient.language)}",
        location=venue_names.where(evening.venue, one_line(evening.location)),
        description=[
            f"{dates.clock(part.starts_at, recipient.language)} "
            f"{PROGRAMME_KINDS[recipient.language][part.kind]}: {part.title.in_(recipient.language)}"
            for part in evening.programme
        ],
        organizer=organizer,
        attendee=(recipient.name, ascii_address(recipient.email)),
        # Where to give the seat back, as long as there is one.
        url=piece.ticket.link if method == "REQUEST" else None,
    )
    day = evening.starts_at.astimezone(LOCAL_TIME).date()
    return Entry(f"{day.isoformat()}-{evening.venue}.ics", method, _object(appointment, method))


def _object(appointment: Appointment, method: Method) -> bytes:
    """Returns the calendar object: an invitation that asks for no reply, or its cancellation."""
    event = Event()
    event.add("uid", appointment.uid)
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", appointment.written_at)
    event.add("dtstart", _on_the_clock(appointment.starts_at))
    event.add("dtend", _on_the_clock(appointment.ends_at))
    event.add("summary", one_line(appointment.summary))
    event.add("location", one_line(appointment.location))
    event.add("description", "\n".join(one_line(line) for line in appointment.description))
    event.add("status", "CONFIRMED" if method == "REQUEST" else "CANCELLED")
    event.add("organizer", _person(*appointment.organizer))
    event.add("attendee", _attendee(*appointment.attendee))
    if appointment.url:
        event.add("url", one_line(appointment.url))
    begin, end = _frame(method)
    return b"".join((begin, event.to_ical(), end))


@cache
def _frame(method: Method) -> tuple[bytes, bytes]:
    """Returns what stands before and after the event, which is the same for all letters."""
    calendar = Calendar()
    calendar.add("prodid", "-//Culture Connect//Letters//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(Component.from_ical(_TIMEZONE))
    end = b"END:VCALENDAR\r\n"
    return bytes(calendar.to_ical()).removesuffix(end), end


def _on_the_clock(moment: datetime) -> datetime:
    """Returns the moment as the clocks of The Hague show it; in UTC when they have shown the same before, in the hour
    that comes twice: a local time would mean the first (RFC 5545, 3.3.5).
    """
    local = moment.astimezone(LOCAL_TIME)
    return moment.astimezone(UTC) if local.fold else local


def _person(name: str, address: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    # A parameter cannot hold a quotation mark (RFC 5545, 3.2).
    person.params["CN"] = vText(one_line(name).replace('"', "'"))
    return person


def _attendee(name: str, address: str) -> vCalAddress:
    person = _person(name, address)
    person.params["ROLE"] = vText("REQ-PARTICIPANT")
    # The seat is theirs already: calendars show it as accepted and send nothing back.
    person.params["PARTSTAT"] = vText("ACCEPTED")
    person.params["RSVP"] = vText("FALSE")
    return person
