"""Texts of letters in each case: to whom, why, from whom, and what page and text have in common."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from culture_connect.contracts import Localised
from notifications.contents import Letter
from notifications.domain.catalogue import ENDINGS, OPTIONAL, REMINDERS, TICKETS, Kind
from notifications.rendering.renderer import Rendered, Renderer
from tests.unit.notifications.builders import CODE, LINK
from tests.unit.notifications.composed import (
    PUBLIC_URL,
    WITHOUT_EVENING,
    WRITTEN_AT,
    a_mail,
    a_piece,
    a_week,
    told_evening,
)

RENDERER = Renderer(public_url=PUBLIC_URL)
ABOUT_AN_EVENING = sorted(set(Kind) - WITHOUT_EVENING)
WITH_ALL_OF_IT = sorted(TICKETS | REMINDERS | {Kind.INVITATION, Kind.TICKET_OFFERED, Kind.EVENING_CHANGED})


def both(letter: Letter) -> tuple[str, str]:
    """The letter as text and as a page, with subject and without markup that could come between words."""
    rendered = RENDERER.render(letter)
    page = rendered.html
    for markup in ("<strong>", "</strong>", '<span class="together" style="white-space: nowrap;">', "</span>"):
        page = page.replace(markup, "")
    return f"{rendered.subject}\n{rendered.text}", page.replace("&amp;", "&")


def about(kind: Kind, language: str = "nl", **changes: Any) -> Letter:
    """A letter of one piece."""
    return a_mail(kind, a_piece(kind, **changes), language=language)


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", ["donderdag 5 november", "Klank & stilte"]), ("en", ["Thursday 5 November", "Sound & silence"])],
)
@pytest.mark.parametrize("kind", ABOUT_AN_EVENING)
def test_page_and_text_name_the_evening_and_its_day(kind: Kind, language: str, words: list[str]) -> None:
    for read in both(a_mail(kind, language=language)):
        assert [word for word in words if word not in read] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ["19.30 tot 23.00 uur", "PAARD, Prinsegracht 12, Den Haag", "20.45 – 21.30", "Nieuwe stemmen", LINK]),
        ("en", ["19:30 to 23:00", "PAARD, Prinsegracht 12, Den Haag", "20:45 – 21:30", "New voices", LINK]),
    ],
)
@pytest.mark.parametrize("kind", WITH_ALL_OF_IT)
def test_who_is_to_come_is_told_when_where_what_and_where_to_answer(
    kind: Kind, language: str, words: list[str]
) -> None:
    for read in both(a_mail(kind, language=language)):
        assert [word for word in words if word not in read] == []


@pytest.mark.parametrize(
    ("language", "kind", "giver", "words"),
    [
        (
            "nl",
            Kind.TICKET_OFFERED,
            "Björn",
            ["Björn biedt je een plaats aan", "Björn kan niet naar", "houdt Björn de"],
        ),
        ("nl", Kind.TICKET_OFFERED, None, ["Een collega biedt je", "Een collega kan niet naar", "houdt je collega de"]),
        ("nl", Kind.TICKET_OFFERED, "\u200b", ["Een collega biedt je"]),
        ("en", Kind.TICKET_OFFERED, "Björn", ["Björn offers you", "stays with Björn"]),
        ("en", Kind.TICKET_OFFERED, None, ["A colleague offers you", "stays with your colleague"]),
        ("nl", Kind.TICKET_RECEIVED, "Björn", ["Björn geeft je een ticket", "Björn kan er niet bij zijn"]),
        ("nl", Kind.TICKET_RECEIVED, None, ["Een collega geeft je een ticket", "Een collega kan er niet bij zijn"]),
        ("en", Kind.TICKET_RECEIVED, None, ["A colleague gives you a ticket", "A colleague cannot be there"]),
    ],
)
def test_a_colleague_is_named_when_their_name_is_known(
    language: str, kind: Kind, giver: str | None, words: list[str]
) -> None:
    text, _ = both(about(kind, language, giver=giver))
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("language", "reason", "words"),
    [
        ("nl", "withdrawn", "Je deelname aan Culture Connect eindigt"),
        ("nl", "revoked", "Heb je daar een vraag over?"),
        ("nl", "something newer", "Heb je daar een vraag over?"),
        ("nl", None, "Heb je daar een vraag over?"),
        ("en", "withdrawn", "Your time with Culture Connect ends"),
        ("en", "revoked", "If you have a question about this"),
    ],
)
def test_a_cancellation_says_why_or_where_to_ask(language: str, reason: str | None, words: str) -> None:
    for read in both(about(Kind.TICKET_CANCELLED, language, ticket={"reason": reason})):
        assert words in read


def test_the_reason_for_which_an_evening_is_cancelled_is_told_in_the_readers_language() -> None:
    evening = told_evening(reason=Localised(nl="De zaal is <nat>.", en="The hall is wet."))
    text, page = both(about(Kind.EVENING_CANCELLED, evening=evening))
    assert "gaat helaas niet door. De zaal is <nat>." in text
    assert "gaat helaas niet door. De zaal is &lt;nat&gt;." in page
    english, _ = both(about(Kind.EVENING_CANCELLED, "en", evening=evening))
    assert "is cancelled. The hall is wet." in english


@pytest.mark.parametrize("kind", sorted(ENDINGS - {Kind.GOODBYE}))
def test_an_entry_is_said_to_leave_the_calendar_only_where_it_does(kind: Kind) -> None:
    assert "verdwijnt uit je agenda" in both(about(kind, sequence=1))[0]
    assert "agenda" not in both(about(kind, sequence=None))[0]


def test_a_change_tells_who_has_a_ticket_that_it_stays_valid_and_who_waits_that_they_still_do() -> None:
    holder, _ = both(about(Kind.EVENING_CHANGED, ticket={"code": CODE, "link": LINK}))
    waiter, _ = both(about(Kind.EVENING_CHANGED, ticket={"position": 3, "link": LINK}, sequence=None))
    assert "Je ticket blijft geldig" in holder
    assert "De afspraak in je agenda verandert mee." in holder
    assert "Je houdt je plaats op de wachtlijst." in waiter
    assert "ticket" not in waiter
    assert "agenda" not in waiter


@pytest.mark.parametrize(("language", "was", "now"), [("nl", "was", "wordt"), ("en", "was", "is now")])
def test_a_change_tells_the_old_beside_the_new_and_new_parts_without_an_old(language: str, was: str, now: str) -> None:
    before = told_evening(location="Spuiplein 150", programme=told_evening().programme[1:])
    text, page = both(about(Kind.EVENING_CHANGED, language, before=before))
    assert f"  {was}: PAARD, Spuiplein 150\n  {now}: PAARD, Prinsegracht 12, Den Haag\n" in text
    added = {"nl": "Nieuw op het programma: 19.30", "en": "New on the programme: 19:30"}[language]
    assert added in text
    assert page.count("<del") == 1
    assert page.count("<ins") == 2


@pytest.mark.parametrize(
    ("last_day", "told"),
    [
        (WRITTEN_AT.date() + timedelta(days=1), True),
        (WRITTEN_AT.date(), True),
        (date(2026, 9, 30), False),
        (None, False),
    ],
)
def test_a_last_day_is_told_until_it_has_passed(last_day: date | None, told: bool) -> None:
    text, _ = both(about(Kind.GOODBYE, last_day=last_day))
    assert ("Je deelname aan Culture Connect eindigt op" in text) is told


def test_a_farewell_counts_the_places_that_end_with_it() -> None:
    one = [a_piece(Kind.GOODBYE), a_piece(Kind.TICKET_CANCELLED, number=1)]
    assert "Je plaats voor deze avond is vervallen; de afspraak verdwijnt" in both(a_mail(Kind.GOODBYE, *one))[0]
    two = [*one, a_piece(Kind.TICKET_CANCELLED, number=2)]
    assert "Je plaatsen voor deze avonden zijn vervallen; de afspraken" in both(a_mail(Kind.GOODBYE, *two))[0]


@pytest.mark.parametrize(
    ("kinds", "subject"),
    [
        ([Kind.TICKET_ISSUED, Kind.TICKET_PROMOTED], "Je tickets voor 2 avonden van Culture Connect"),
        ([Kind.TICKET_ISSUED, Kind.TICKET_WAITLISTED], "Je ticket voor Klank & stilte, en je plaats op de wachtlijst"),
        ([Kind.TICKET_WAITLISTED] * 2, "Je plaatsen op de wachtlijst van Culture Connect"),
        ([Kind.WELCOME], "Welkom bij Culture Connect"),
        ([Kind.WELCOME, Kind.TICKET_ISSUED], "Welkom bij Culture Connect: hier is je ticket"),
        ([Kind.WELCOME, Kind.TICKET_ISSUED, Kind.TICKET_RECEIVED], "Welkom bij Culture Connect: hier zijn je tickets"),
    ],
)
def test_a_mail_of_several_says_what_is_in_it(kinds: list[Kind], subject: str) -> None:
    rendered = RENDERER.render(a_mail(kinds[0], *[a_piece(kind, number=at) for at, kind in enumerate(kinds)]))
    assert rendered.subject == subject


def test_a_welcome_promises_tickets_only_while_there_is_nothing_yet() -> None:
    later = "Zodra er een plaats voor je is op een avond"
    assert later in both(a_mail(Kind.WELCOME))[0]
    waiting = [a_piece(Kind.WELCOME), a_piece(Kind.TICKET_WAITLISTED, number=1)]
    assert later not in both(a_mail(Kind.WELCOME, *waiting))[0]


def test_each_code_of_a_mail_has_a_picture_that_says_what_it_is_for() -> None:
    other = told_evening(title=Localised(nl="Steen", en="Stone"), starts_at=datetime(2026, 12, 3, 19, 0, tzinfo=UTC))
    pieces = [a_piece(Kind.TICKET_ISSUED), a_piece(Kind.TICKET_ISSUED, number=1, evening=other)]
    rendered: Rendered = RENDERER.render(a_mail(Kind.TICKET_ISSUED, *pieces))
    assert len({picture.png for picture in rendered.pictures}) == 2
    assert 'alt="QR-code van je ticket voor Klank &amp; stilte: laat deze zien bij de ingang"' in rendered.html
    assert 'alt="QR-code van je ticket voor Steen: laat deze zien bij de ingang"' in rendered.html


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_digest_without_evenings_says_so_and_names_nobody(language: str) -> None:
    quiet = a_week().model_copy(update={"evenings": []})
    text, page = both(a_mail(Kind.DIGEST, language=language, digest=quiet))
    for read in (text, page):
        assert {"nl": "niemand van jullie", "en": "nobody of yours"}[language] in read
        assert "Zoë" not in read


@pytest.mark.parametrize("kind", sorted(set(Kind) - OPTIONAL))
def test_a_letter_that_nobody_can_do_without_has_no_switch(kind: Kind) -> None:
    text, page = both(a_mail(kind))
    assert "/unsubscribe/" not in text + page


@pytest.mark.parametrize("kind", sorted(REMINDERS))
def test_a_reminder_says_how_to_get_to_the_house(kind: Kind) -> None:
    soon = replace(a_mail(kind), written_at=told_evening().starts_at - timedelta(days=1))
    for read in both(soon):
        assert "Den Haag Centraal" in read


def test_no_text_has_more_than_one_blank_line_in_a_row() -> None:
    bare: dict[str, Any] = {"ticket": {"code": CODE}, "giver": None, "last_day": None, "sequence": None}
    for kind in Kind:
        for letter in (a_mail(kind), a_mail(kind, a_piece(kind, **bare), unsubscribe=None)):
            text = RENDERER.render(letter).text
            assert "\n\n\n" not in text
            assert text == text.strip() + "\n"
