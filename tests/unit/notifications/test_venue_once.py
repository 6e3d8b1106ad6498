"""A venue is named once wherever an evening is told, though its location may begin with its name."""

import pytest

from culture_connect.contracts import Venue
from notifications.contents import Letter, PublishedEvening
from notifications.domain.catalogue import Kind
from notifications.rendering import pdf
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.builders import calendar_of
from tests.unit.notifications.composed import COMPOSER, PUBLIC_URL, a_mail, a_piece, told_evening
from tests.unit.notifications.printed import pages_of

RENDERER = Renderer(public_url=PUBLIC_URL)
WITH_PLACE = (Kind.INVITATION, Kind.TICKET_OFFERED, Kind.EVENING_CHANGED, Kind.REMINDER_WEEK, Kind.TICKET_ISSUED)


def at(venue: Venue) -> PublishedEvening:
    """An evening that got the location of its house by default."""
    return told_evening(venue=venue, location=f"{venue.label}, Harteveltstraat 1, Den Haag")


def about(kind: Kind, venue: Venue) -> Letter:
    """A letter of this kind about it."""
    return a_mail(kind, a_piece(kind, evening=at(venue)))


@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize("kind", WITH_PLACE)
def test_a_letter_names_the_house_once(kind: Kind, venue: Venue) -> None:
    rendered = RENDERER.render(about(kind, venue))
    for written in (rendered.text, rendered.html):
        assert f"{venue.label}, Harteveltstraat 1, Den Haag" in written
        assert f"{venue.label}, {venue.label}" not in written


@pytest.mark.parametrize("venue", Venue)
def test_so_do_the_calendar_and_the_ticket_to_print(venue: Venue) -> None:
    letter = about(Kind.TICKET_ISSUED, venue)
    [entry] = COMPOSER.calendars(letter)
    [event] = calendar_of(entry.data).walk("VEVENT")
    assert event["location"] == f"{venue.label}, Harteveltstraat 1, Den Haag"
    tickets = pdf.tickets(letter)
    assert tickets is not None
    [page] = pages_of(tickets.data)
    lines = [line.text for line in page.lines]
    assert lines[lines.index("Waar") + 1 :][:2] == [venue.label, "Harteveltstraat 1, Den Haag"]


def test_a_location_that_only_leaves_its_house_out_is_no_change() -> None:
    now = at(Venue.PAARD)
    before = now.model_copy(update={"location": "Harteveltstraat 1, Den Haag"})
    rendered = RENDERER.render(a_mail(Kind.EVENING_CHANGED, a_piece(Kind.EVENING_CHANGED, evening=now, before=before)))
    assert "Waar:" not in rendered.text
    assert "was:" not in rendered.text
