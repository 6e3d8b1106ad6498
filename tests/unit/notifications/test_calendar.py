"""The calendar entries of letters, as another library reads them and as RFC 5545 and 5546 want them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject  # type: ignore[import-untyped]  # it comes without types
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # likewise

from culture_connect.contracts import LOCAL_TIME, Localised
from notifications.contents import Letter
from notifications.domain.catalogue import ENDINGS, TICKETS, Kind
from notifications.rendering.calendar import Entry
from tests.unit.notifications.builders import EVENING, LINK, calendar_of
from tests.unit.notifications.composed import (
    ADDRESSEE,
    COMPOSER,
    WRITTEN_AT,
    a_mail,
    a_piece,
    told_evening,
    two_tickets,
)

ENDS = sorted(kind for kind in ENDINGS if kind.traits.calendar)


def entry_of(letter: Letter) -> Entry:
    """Its only entry."""
    [entry] = COMPOSER.calendars(letter)
    return entry


def event_of(letter: Letter) -> Any:
    """The event of its only entry, checked by the library against RFC 5545."""
    calendar = vobject.readOne(entry_of(letter).data.decode())
    assert calendar.validate(raiseException=True)
    [event] = calendar.vevent_list
    return event


@pytest.mark.parametrize("kind", sorted(TICKETS))
def test_a_ticket_asks_the_calendar_to_take_the_evening_in(kind: Kind) -> None:
    letter = a_mail(kind)
    event = event_of(letter)
    assert entry_of(letter).method == "REQUEST"
    assert b"METHOD:REQUEST\r\n" in entry_of(letter).data
    assert event.status.value == "CONFIRMED"
    assert event.uid.value == f"{EVENING}.{ADDRESSEE}@cultureconnect.example"
    assert event.summary.value == "Culture Connect: Klank & stilte"
    assert event.location.value == "PAARD, Prinsegracht 12, Den Haag"
    assert event.url.value == LINK
    assert event.dtstamp.value == WRITTEN_AT
    assert event.description.value.split("\n") == [
        "19.30 Concert: Nieuwe stemmen",
        "20.45 Verdieping: In gesprek met de componist",
        "21.30 Borrel: Napraten in de foyer",
    ]


def test_the_entry_speaks_the_language_of_its_reader() -> None:
    event = event_of(a_mail(language="en"))
    assert event.summary.value == "Culture Connect: Sound & silence"
    assert event.description.value.startswith("19:30 Concert: New voices\n")


def test_the_seat_is_accepted_already_and_nobody_is_asked_to_answer() -> None:
    event = event_of(a_mail())
    assert event.organizer.value == "mailto:avond@cultureconnect.example"
    assert event.organizer.params == {"CN": ["Culture Connect"]}
    assert event.attendee.value == "mailto:zoe@acme.example"
    assert event.attendee.params == {
        "CN": ["Zoë van der Meer-Őzdemir"],
        "PARTSTAT": ["ACCEPTED"],
        "ROLE": ["REQ-PARTICIPANT"],
        "RSVP": ["FALSE"],
    }


def test_the_calendar_rings_no_bell_of_ours() -> None:
    assert b"VALARM" not in entry_of(a_mail()).data


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("2026-10-24T17:30:00Z", "2026-10-24T21:00:00Z"),
        ("2026-10-25T18:30:00Z", "2026-10-25T22:00:00Z"),
        ("2027-03-27T18:30:00Z", "2027-03-27T22:00:00Z"),
        ("2027-03-28T17:30:00Z", "2027-03-28T21:00:00Z"),
        ("2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z"),  # ends at half past two, for the first time that night
        ("2026-10-24T20:00:00Z", "2026-10-25T01:30:00Z"),  # ends at half past two, for the second time
        ("2027-03-27T21:00:00Z", "2027-03-28T01:30:00Z"),  # no clock shows the hour before
        ("2031-06-05T17:30:00Z", "2031-06-05T21:00:00Z"),
    ],
)
def test_an_evening_is_at_its_moment_whichever_way_the_clocks_change(starts_at: str, ends_at: str) -> None:
    evening = told_evening(starts_at=datetime.fromisoformat(starts_at), ends_at=datetime.fromisoformat(ends_at))
    event = event_of(a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, evening=evening)))
    assert event.dtstart.value.astimezone(UTC) == datetime.fromisoformat(starts_at)
    assert event.dtend.value.astimezone(UTC) == datetime.fromisoformat(ends_at)


def test_it_is_at_local_time_so_that_calendars_show_what_the_house_says() -> None:
    data = entry_of(a_mail()).data
    assert b"DTSTART;TZID=Europe/Amsterdam:20261105T193000\r\n" in data
    assert b"DTEND;TZID=Europe/Amsterdam:20261105T230000\r\n" in data
    assert data.count(b"BEGIN:VTIMEZONE\r\nTZID:Europe/Amsterdam\r\n") == 1


def test_its_time_zone_changes_the_clocks_at_the_moment_that_they_change_in_the_hague() -> None:
    [zone] = calendar_of(entry_of(a_mail()).data).walk("VTIMEZONE")
    assert len(zone.subcomponents) == 2
    for rule in zone.subcomponents:
        days = rrulestr(rule["RRULE"].to_ical().decode(), dtstart=rule.DTSTART)
        # On the clock that holds until then (RFC 5545, 3.6.5).
        change = (days.after(WRITTEN_AT.replace(tzinfo=None)) - rule.TZOFFSETFROM).replace(tzinfo=UTC)
        offsets = [(change + timedelta(seconds=after)).astimezone(LOCAL_TIME).utcoffset() for after in (-1, 0)]
        assert offsets == [rule.TZOFFSETFROM, rule.TZOFFSETTO]


def test_a_change_moves_the_entry_that_is_there() -> None:
    moved = told_evening(starts_at=datetime(2026, 11, 5, 18, 0, tzinfo=UTC))
    change = event_of(
        a_mail(Kind.EVENING_CHANGED, a_piece(Kind.EVENING_CHANGED, evening=moved, before=told_evening(), sequence=1))
    )
    first = event_of(a_mail())
    assert change.uid.value == first.uid.value
    assert (first.sequence.value, change.sequence.value) == ("0", "1")
    assert change.status.value == "CONFIRMED"
    assert change.dtstart.value.astimezone(UTC) == datetime(2026, 11, 5, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ENDS)
def test_an_end_takes_the_entry_out(kind: Kind) -> None:
    letter = a_mail(kind, a_piece(kind, sequence=4))
    event = event_of(letter)
    assert entry_of(letter).method == "CANCEL"
    assert b"METHOD:CANCEL\r\n" in entry_of(letter).data
    assert event.status.value == "CANCELLED"
    assert event.uid.value == event_of(a_mail()).uid.value
    assert event.sequence.value == "4"
    assert event.attendee.value == "mailto:zoe@acme.example"
    assert "url" not in event.contents


@pytest.mark.parametrize("kind", sorted(Kind))
def test_without_a_sequence_nothing_happens_in_the_calendar(kind: Kind) -> None:
    assert COMPOSER.calendars(a_mail(kind, a_piece(kind, sequence=None))) == []


def test_several_evenings_are_several_objects_with_one_event_each() -> None:
    entries = COMPOSER.calendars(a_mail(Kind.TICKET_ISSUED, *two_tickets()))
    assert [entry.name for entry in entries] == ["2026-11-05-paard.ics", "2026-12-03-ndt.ics"]
    assert len({vobject.readOne(entry.data.decode()).vevent.uid.value for entry in entries}) == 2
    assert [entry.data.count(b"BEGIN:VEVENT") for entry in entries] == [1, 1]


def test_the_file_is_named_by_the_day_in_the_hague() -> None:
    night = told_evening(starts_at=datetime(2026, 11, 5, 23, 30, tzinfo=UTC))
    assert entry_of(a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, evening=night))).name == (
        "2026-11-06-paard.ics"
    )


@pytest.mark.parametrize(
    "title", ["Klank & stilte", "Één ééuwige wáálzee" * 10, "音" * 200, "a" * 200, "x;y,z:\\n" * 20]
)
def test_lines_are_folded_and_ended_as_every_reader_expects(title: str) -> None:
    evening = told_evening(title=Localised(nl=title, en=title))
    letter = a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, evening=evening))
    data = entry_of(letter).data
    assert data.startswith(b"BEGIN:VCALENDAR\r\n")
    assert data.endswith(b"END:VCALENDAR\r\n")
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    for line in lines:
        line.decode()  # no character is torn apart
    assert event_of(letter).summary.value == f"Culture Connect: {title}"


def test_the_same_letter_has_the_same_entry() -> None:
    assert COMPOSER.calendars(a_mail()) == COMPOSER.calendars(a_mail())
