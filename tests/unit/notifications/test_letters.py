"""Every letter as it was agreed, in both languages, and what all of them have in common."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from notifications.domain.catalogue import TICKETS, Kind
from tests.unit.notifications.composed import PUBLIC_URL, SECRET, a_mail, a_piece, told_evening
from tests.unit.notifications.golden_letters import LANGUAGES, MAILS, RENDERER, agreed, file_of, text_of

TEMPLATES = Path(__file__).parents[3] / "services/notifications/notifications/templates"
VOID = {"meta", "img", "br"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_letter_reads_as_it_was_agreed(name: str, language: str) -> None:
    assert text_of(name, language) == file_of(name, language).read_text(encoding="utf-8")


def test_every_template_is_there_in_both_languages() -> None:
    folders = {folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()}
    assert folders == {str(kind) for kind in Kind} | {"tickets"}
    for folder in folders:
        for language in LANGUAGES:
            files = {file.name for file in (TEMPLATES / folder / language).iterdir()}
            assert files == {"subject.txt", "body.txt", "body.html"}


class Page(HTMLParser):
    """Reads a page, and notes what is wrong with it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_page_is_well_formed_names_its_language_and_loads_nothing(name: str, language: str) -> None:
    letter = agreed(name, language)
    rendered = RENDERER.render(letter)
    page = Page()
    page.feed(rendered.html)
    assert (page.wrong, page.open) == ([], [])
    assert dict(page.tags)["html"]["lang"] == language
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [picture["src"] for picture in pictures] == [f"cid:{each.cid}" for each in rendered.pictures]
    assert all(picture["alt"] for picture in pictures)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object")]
    assert not re.search(r"url\(|@import", rendered.html)
    assert len({picture.cid for picture in rendered.pictures}) == len(rendered.pictures)
    assert len(rendered.pictures) == len([piece for piece in letter.contents.pieces if piece.kind in TICKETS])


@pytest.mark.parametrize("name", sorted(MAILS))
def test_styles_stand_on_the_elements_and_those_for_dark_mode_and_phones_stay(name: str) -> None:
    html = RENDERER.render(agreed(name, "nl")).html
    assert re.search(r'<td[^>]* style="[^"]*font-family', html)
    assert html.count("<style") == 1
    for needed in ("prefers-color-scheme: dark", "max-width: 480px", "data-ogsc", "<!--[if mso]>"):
        assert needed in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_a_letter_does_without_what_is_not_known(kind: Kind, language: str) -> None:
    bare: dict[str, Any] = {"giver": None, "last_day": None, "before": None, "sequence": None}
    code = {"code": "eyJ"} if kind in TICKETS else {}
    piece = a_piece(kind, **bare, ticket=code | {"position": 1, "link": "https://cultureconnect.example/my/7"})
    text = RENDERER.render(a_mail(kind, piece, language=language, unsubscribe=None)).text
    assert "None" not in text
    if kind in TICKETS:
        lonely = a_piece(kind, **bare, ticket=code)
        assert "/my/" not in RENDERER.render(a_mail(kind, lonely, language=language)).text


@pytest.mark.parametrize("kind", [Kind.REMINDER_WEEK, Kind.REMINDER_DAY, Kind.DIGEST])
def test_what_one_can_do_without_says_how_to_switch_it_off(kind: Kind) -> None:
    rendered = RENDERER.render(a_mail(kind))
    link = f"{PUBLIC_URL}/unsubscribe/{SECRET}"
    assert link in rendered.text
    assert f'href="{link}"' in rendered.html


@pytest.mark.parametrize(
    ("kind", "days", "words"),
    [
        (Kind.REMINDER_WEEK, 7, "Over een week"),
        (Kind.REMINDER_WEEK, 4, "Binnenkort"),
        (Kind.REMINDER_DAY, 1, "Morgen"),
        (Kind.REMINDER_DAY, 0, "Vandaag"),
    ],
)
def test_a_reminder_that_comes_late_does_not_name_the_wrong_day(kind: Kind, days: int, words: str) -> None:
    written = a_mail(kind)
    moment = told_evening().starts_at - timedelta(days=days, hours=2)
    assert RENDERER.render(replace(written, written_at=moment)).subject.startswith(words)


def test_names_are_text_and_no_markup() -> None:
    letter = a_mail(
        recipient={"given_name": "<b>Zoë</b>", "family_name": "x", "email": "z@acme.example", "language": "nl"}
    )
    rendered = RENDERER.render(letter)
    assert "<b>Zoë</b>" in rendered.text
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in rendered.html


def test_shown_outside_a_mail_the_page_brings_its_pictures() -> None:
    rendered = RENDERER.render(agreed("welcome-with-tickets", "nl"))
    assert rendered.page.count('src="data:image/png;base64,') == 4
    assert "cid:" not in rendered.page
