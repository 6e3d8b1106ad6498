"""Somebody with one name is written to by it, whichever of both it is."""

from collections.abc import Mapping

import pytest

from notifications.contents import Letter
from notifications.domain.catalogue import Kind
from notifications.rendering import pdf
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.builders import calendar_of
from tests.unit.notifications.composed import COMPOSER, PUBLIC_URL, a_mail, as_read
from tests.unit.notifications.printed import pages_of

RENDERER = Renderer(public_url=PUBLIC_URL)
ONE_NAME = [{"given_name": "Suharto", "family_name": ""}, {"given_name": "", "family_name": "Suharto"}]


def to(names: Mapping[str, str | None], kind: Kind = Kind.TICKET_ISSUED, language: str = "nl") -> Letter:
    """A letter to somebody with these names."""
    recipient = a_mail().contents.recipient.model_copy(update=dict(names))
    return a_mail(kind, language=language, recipient={**recipient.model_dump(), "language": language})


@pytest.mark.parametrize("names", ONE_NAME)
@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.DIGEST}))
def test_every_letter_calls_them_by_it(kind: Kind, names: dict[str, str]) -> None:
    for language, greeting in (("nl", "Beste Suharto,"), ("en", "Dear Suharto,")):
        rendered = RENDERER.render(to(names, kind, language))
        assert rendered.text.startswith(f"{greeting}\n")
        assert greeting in rendered.html


@pytest.mark.parametrize("names", ONE_NAME)
def test_envelope_calendar_and_ticket_have_it_without_blanks_around(names: dict[str, str]) -> None:
    letter = to(names)
    [address] = as_read(letter)["To"].addresses
    assert address.display_name == "Suharto"
    [entry] = COMPOSER.calendars(letter)
    [event] = calendar_of(entry.data).walk("VEVENT")
    assert event["attendee"].params["CN"] == "Suharto"
    tickets = pdf.tickets(letter)
    assert tickets is not None
    [page] = pages_of(tickets.data)
    assert "Suharto" in [line.text for line in page.lines]


@pytest.mark.parametrize(
    "names", [{"given_name": "\u00ad", "family_name": ""}, {"given_name": None, "family_name": None}]
)
def test_nobody_is_called_none(names: dict[str, str | None]) -> None:
    assert RENDERER.render(to(names)).text.startswith("Beste deelnemer,\n")
    assert RENDERER.render(to(names, language="en")).text.startswith("Dear participant,\n")
