"""The ticket to print, as it is found on paper."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from culture_connect.contracts import Localised
from notifications.contents import Letter, PublishedEvening, TicketDetails
from notifications.domain.catalogue import TICKETS, Kind
from notifications.rendering import pdf, qr, shaper
from notifications.rendering.fonts import BOLD, REGULAR
from notifications.rendering.text_layout import is_plain, width
from tests.unit.notifications.builders import CODE
from tests.unit.notifications.composed import a_mail, a_piece, told_evening, two_tickets
from tests.unit.notifications.printed import PrintedPage, pages_of

MARGIN = 15 * mm
FONTS = {"SourceSansPro-Regular": REGULAR, "SourceSansPro-Semibold": BOLD}


def document(letter: Letter) -> bytes:
    """The file that comes with the letter."""
    tickets = pdf.tickets(letter)
    assert tickets is not None
    return tickets.data


def page_of(letter: Letter) -> PrintedPage:
    """Its only page."""
    [page] = pages_of(document(letter))
    return page


def named(name: str) -> Letter:
    """A ticket in the name of somebody with one name."""
    recipient = a_mail().contents.recipient.model_copy(update={"given_name": name, "family_name": None})
    return a_mail(recipient=recipient)


def about(evening: PublishedEvening, **contents: Any) -> Letter:
    """A letter with a ticket for the evening."""
    return a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, evening=evening), **contents)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ["Klank & stilte", "Leiderschap in een luide tijd", "donderdag 5 november 2026", "19.30 – 23.00"]),
        ("nl", ["PAARD", "Prinsegracht 12, Den Haag", "Zoë van der Meer-Őzdemir", "Laat deze code zien bij de ingang"]),
        ("nl", ["19.30 – 20.45", "Concert", "Nieuwe stemmen", "Verdieping", "Borrel", "Napraten in de foyer"]),
        ("en", ["Sound & silence", "Leadership in loud times", "Thursday 5 November 2026", "19:30 – 23:00"]),
        ("en", ["PAARD", "Prinsegracht 12, Den Haag", "Zoë van der Meer-Őzdemir", "Show this code at the entrance"]),
        ("en", ["19:30 – 20:45", "Concert", "New voices", "In depth", "Drinks", "More talk in the foyer"]),
    ],
)
def test_it_tells_what_when_where_and_for_whom(language: str, words: list[str]) -> None:
    lines = [line.text for line in page_of(a_mail(language=language)).lines]
    assert [word for word in words if word not in lines] == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_says_that_it_is_personal_and_good_for_one_admission(language: str) -> None:
    small_print = page_of(a_mail(language=language)).text.replace("\n", " ")
    assert ("geeft één keer toegang" if language == "nl" else "admits one person once") in small_print


@pytest.mark.parametrize("name", ["Łukasz Kőrösi", "Ævar Þórsson", "Şebnem Yıldız", "Ελένη", "Dvořák-Čapková", "İ"])
def test_names_of_europe_can_be_read_and_copied(name: str) -> None:
    assert name in [line.text for line in page_of(named(name)).lines]


SCRIPTS = (
    "李 小龍",
    "田中 さくら",
    "김 민준",
    "علی احمدی",
    "דוד כהן",
    "प्रियंका शर्मा",
    "สมชาย ใจดี",
    "நந்தினி",
    "ანა",
    "Zoë 😀",
    "محمد Jansen",
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_in_every_script_are_drawn_and_can_be_copied(name: str) -> None:
    assert name in [line.text for line in page_of(named(name)).lines]
    assert shaper.missing(name, BOLD) == ""


def test_writing_from_right_to_left_begins_at_the_right() -> None:
    assert shaper.visual_order("אבג", BOLD) == "גבא"
    # Digits and words from left to right keep their own direction within it.
    assert shaper.visual_order("אב 12", BOLD) == "12 בא"
    assert shaper.visual_order("Jansen אב", BOLD) == "Jansen בא"


def test_letters_that_join_are_joined_and_marks_stand_on_theirs() -> None:
    joined, apart = (shaper.width(text, BOLD) for text in ("\u0628\u0628", "\u0628 \u0628"))
    alone = shaper.width("\u0628", BOLD)
    assert joined < 2 * alone < apart
    assert shaper.width("\u0e17\u0e35", BOLD) == shaper.width("\u0e17", BOLD)
    assert len(shaper.clusters("\u0e17\u0e35")) == 1


def test_a_name_keeps_the_signs_that_join_and_part_its_letters() -> None:
    assert shaper.width("علی\u200cرضا", BOLD) != shaper.width("علیرضا", BOLD)
    family = "\U0001f469\u200d\U0001f4bb"
    assert shaper.clusters(f"a{family}b") == ["a", family, "b"]
    assert shaper.width(family, BOLD) < shaper.width(family.replace("\u200d", ""), BOLD)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_text_whatever_can_keep_a_ticket_from_being_printed(text: str) -> None:
    assert document(named(text))
    line = "".join(each for each in text if unicodedata.category(each) != "Cs")
    assert "".join(shaper.clusters(line)) == line
    assert sorted(shaper.visual_order(line, REGULAR)) == sorted(line)
    assert shaper.width(line, REGULAR) >= 0


def test_what_no_font_has_is_a_frame_with_its_number_and_can_be_copied() -> None:
    name = "Lí \U00013000"
    assert shaper.missing(name, BOLD) == "\U00013000"
    assert name in [line.text for line in page_of(named(name)).lines]
    assert shaper.width("\U00013000", BOLD) > 0.5


def test_one_of_many_people_needs_no_font_but_those_of_the_page() -> None:
    assert is_plain("Zoë van der Meer-Őzdemir, Łukasz Ελένη Дмитрий", BOLD)
    assert not is_plain("李", BOLD)


def test_the_code_is_that_of_the_letter_module_by_module() -> None:
    code = page_of(a_mail()).code
    rows = qr.matrix(f"{CODE}0")
    printed = {(x + step, y) for x, y, length in code.bars for step in range(length)}
    top = len(rows) + qr.QUIET - 1
    assert printed == {(qr.QUIET + x, top - y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}


@pytest.mark.parametrize("length", [20, 230, 320, 600])
def test_the_code_is_large_enough_for_a_scanner_at_the_door(length: int) -> None:
    code = "x" * length
    page = page_of(a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, ticket=TicketDetails(code=code))))
    assert page.code.module * len(qr.matrix(code)) >= 45 * mm
    assert page.code.module >= 0.6 * mm


def test_several_tickets_are_a_page_each_with_codes_of_their_own() -> None:
    first, second = pages_of(document(a_mail(Kind.TICKET_ISSUED, *two_tickets())))
    assert "donderdag 5 november 2026" in first.text
    assert "donderdag 3 december 2026" in second.text
    assert first.code != second.code


@pytest.mark.parametrize("kind", sorted(set(Kind) - TICKETS))
def test_only_letters_that_bring_a_ticket_have_one(kind: Kind) -> None:
    with_code = a_piece(kind, ticket=TicketDetails(code=CODE))
    assert pdf.tickets(a_mail(kind, with_code)) is None


def test_a_ticket_without_its_code_is_none() -> None:
    assert pdf.tickets(a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, ticket=TicketDetails()))) is None


LONG_WORD = "Wolfeschlegelsteinhausenbergerdorff"


@pytest.mark.parametrize("parts", [3, 9, 50])
@pytest.mark.parametrize("text", ["Een avond die maar niet ophoudt ", LONG_WORD, "W", "‘", "😀", "李", "ﷺ", "प्रि"])
def test_nothing_runs_off_the_page_however_long_it_is(text: str, parts: int) -> None:
    long = Localised.model_construct(nl=text * (200 // len(text)), en="x")
    evening = told_evening()
    programme = [evening.programme[-1].model_copy(update={"title": long})] * parts
    recipient = a_mail().contents.recipient.model_copy(
        update={"given_name": text * (100 // len(text)), "family_name": text * (100 // len(text))}
    )
    evening = told_evening(title=long, theme=long, location=text * (300 // len(text)), programme=programme)
    lines = page_of(about(evening, recipient=recipient)).lines
    assert sum(line.text.startswith("21.30 – 23.00") for line in lines) == parts
    for line in lines:
        assert line.x >= MARGIN
        assert line.x + width(line.text, FONTS[line.font], line.size) <= A4[0] - MARGIN
        assert MARGIN <= line.y <= A4[1] - MARGIN
    rows = [line.y for line in lines if line.x < 25 * mm]
    assert rows == sorted(rows, reverse=True), "one thing below the other, none over it"


def test_a_title_that_is_cut_says_so() -> None:
    title = Localised(nl="heel lang " * 19 + "einde", en="x")
    assert any(line.text.endswith("…") for line in page_of(about(told_evening(title=title))).lines)


def test_an_ordinary_title_stands_large_on_one_line() -> None:
    [title] = [line for line in page_of(a_mail()).lines if line.text == "Klank & stilte"]
    assert title.size >= 30


def test_it_is_of_the_day_in_the_hague() -> None:
    night = told_evening(starts_at=datetime(2026, 11, 5, 23, 30, tzinfo=UTC))
    assert "vrijdag 6 november 2026" in page_of(about(night)).text


def test_the_same_letter_has_the_same_file() -> None:
    assert document(a_mail()) == document(a_mail())


def test_letters_in_between_leave_no_trace_in_it() -> None:
    first = document(a_mail())
    document(about(told_evening(title=Localised(nl="Žluťoučký кůň ω", en="x"))))
    assert document(a_mail()) == first


def test_its_metadata_name_the_evening_and_the_language_and_nobody() -> None:
    file = document(a_mail(language="en"))
    assert b"/Lang (en)" in file
    [information] = re.findall(rb"<<\n/Author.*?>>", file, re.DOTALL)
    assert b"/Author (Culture Connect)" in information
    assert b"/Title (Ticket: Sound & silence, Thursday 5 November 2026)" in information
    assert b"Zo" not in information
    assert b"Meer" not in information


def test_a_file_is_small_enough_to_come_with_a_mail() -> None:
    assert len(document(a_mail())) < 50_000
    assert len(document(a_mail(Kind.TICKET_ISSUED, *two_tickets()))) < 60_000
