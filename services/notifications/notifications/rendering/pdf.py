"""Tickets to print (PDF): one page each."""

import io
import re
from dataclasses import dataclass
from functools import cache

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from culture_connect import dates
from culture_connect.contracts import Language, ProgrammePart, Venue, venue_names
from notifications.contents import Letter, PublishedEvening
from notifications.domain.catalogue import TICKETS
from notifications.rendering import fonts, qr
from notifications.rendering.fonts import BOLD, REGULAR
from notifications.rendering.sanitize import one_line
from notifications.rendering.text_layout import Block, draw, fit
from notifications.rendering.translations import PROGRAMME_KINDS, TICKET_LABELS

_INK, _SOFT, _LINE, _ACCENT = (HexColor(colour) for colour in ("#1d2433", "#6d6559", "#d9cfbf", "#b23a1e"))

_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT, _TOP = 20 * mm, _WIDTH - 20 * mm, _HEIGHT - 20 * mm
_CODE = 64 * mm  # a side of the code with its quiet zone, as wide as a hand scanner likes it
_COLUMN = _RIGHT - _LEFT - _CODE - 8 * mm  # what is left beside it
_TIMES = 32 * mm  # the column of the programme that tells when
_FLOOR = 42 * mm  # the programme ends above it, the small print begins below it
_ROW = 38.0  # a part of the programme, its kind above its title; when there are many both are on a line

_VENUES = Block(9.5, [" · ".join(venue.label for venue in Venue)])
_DARK = re.compile(rb"\x01+")


@dataclass(frozen=True, slots=True)
class Tickets:
    """A file to print, and its name."""

    name: str
    data: bytes


def tickets(letter: Letter) -> Tickets | None:
    """Returns the tickets of a letter as a PDF, a page each; None when it has none. The same bytes each time."""
    pieces = [
        (piece.evening, piece.ticket.code)
        for piece in letter.contents.pieces
        if piece.kind in TICKETS and piece.evening is not None and piece.ticket.code
    ]
    if not pieces:
        return None
    fonts.register()
    recipient = letter.contents.recipient
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1, lang=str(recipient.language))
    canvas.setAuthor("Culture Connect")
    canvas.setCreator("Culture Connect")
    canvas.setTitle(_title([evening for evening, _ in pieces], recipient.language))
    canvas.setSubject("")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    for evening, code in pieces:
        _page(canvas, evening, code, one_line(recipient.name), recipient.language)
        canvas.showPage()
    canvas.save()
    return Tickets("ticket.pdf" if len(pieces) == 1 else "tickets.pdf", file.getvalue())


def _title(evenings: list[PublishedEvening], language: Language) -> str:
    if len(evenings) > 1:
        return "Culture Connect: tickets"
    [evening] = evenings
    return f"Ticket: {one_line(evening.title.in_(language))}, {dates.day(evening.starts_at, language)}"


def _page(canvas: Canvas, evening: PublishedEvening, code: str, holder: str, language: Language) -> None:
    words = TICKET_LABELS[language]
    _masthead(canvas, evening)
    top = _heading(canvas, evening, language)
    _code(canvas, code, _RIGHT - _CODE, top - _CODE, words.show)
    y = top - 4
    y = _fact(
        canvas,
        y,
        words.when,
        dates.day(evening.starts_at, language),
        dates.hours(evening.starts_at, evening.ends_at, language),
    )
    y = _fact(
        canvas, y, words.where, evening.venue.label, venue_names.address(evening.venue, one_line(evening.location))
    )
    if holder:
        y = _fact(canvas, y, words.holder, holder)
    _programme(canvas, evening.programme, min(y, top - _CODE - 24) - 14, language)
    _small_print(canvas, language)


def _masthead(canvas: Canvas, evening: PublishedEvening) -> None:
    canvas.setFillColor(_INK)
    canvas.setFont(BOLD, 11)
    canvas.drawString(_LEFT, _TOP, "CULTURE", charSpace=1.6)
    canvas.setFillColor(_ACCENT)
    canvas.drawString(_LEFT + 61, _TOP, "CONNECT", charSpace=1.6)
    canvas.setFillColor(_SOFT)
    canvas.setFont(REGULAR, 11)
    canvas.drawRightString(_RIGHT, _TOP, evening.venue.label)
    canvas.setStrokeColor(_ACCENT)
    canvas.setLineWidth(2)
    canvas.line(_LEFT, _TOP - 12, _RIGHT, _TOP - 12)


def _heading(canvas: Canvas, evening: PublishedEvening, language: Language) -> float:
    """Draws title and theme; returns where the next begins."""
    room = _RIGHT - _LEFT
    title = fit(one_line(evening.title.in_(language)), BOLD, (32, 27, 22, 18), room, 2)
    y = _text(canvas, _LEFT, _TOP - 22, title, BOLD, _INK)
    theme = fit(one_line(evening.theme.in_(language)), REGULAR, (15, 13), room, 2)
    return _text(canvas, _LEFT, y - 4, theme, REGULAR, _SOFT) - 22


def _fact(canvas: Canvas, y: float, label: str, line: str, more: str = "") -> float:
    """Draws a label with its value, beside the code; returns where the next begins."""
    y = _text(canvas, _LEFT, y, Block(9.5, [label]), BOLD, _ACCENT)
    y = _text(canvas, _LEFT, y - 1, fit(line, BOLD, (16, 14, 12), _COLUMN, 3), BOLD, _INK)
    if more:
        y = _text(canvas, _LEFT, y, fit(more, REGULAR, (13, 11), _COLUMN, 4), REGULAR, _INK)
    return y - 14


def _code(canvas: Canvas, code: str, x: float, y: float, caption: str) -> None:
    """Draws the code as shapes, black on white whatever the paper, with its caption below."""
    rows = qr.matrix(code)
    modules = len(rows) + 2 * qr.QUIET
    canvas.setFillColorRGB(1, 1, 1)
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.8)
    canvas.roundRect(x, y, _CODE, _CODE, 6, stroke=1, fill=1)
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(_CODE / modules, _CODE / modules)
    canvas.setFillColorRGB(0, 0, 0)
    # One shape: drawn module by module, viewers show hairlines between them.
    bars = [
        f"{qr.QUIET + start} {y} {end - start} 1 re"
        for y, row in enumerate(reversed(rows), qr.QUIET)
        for start, end in (run.span() for run in _DARK.finditer(row))
    ]
    canvas.addLiteral("\n".join(bars) + " f")
    canvas.restoreState()
    canvas.setFillColor(_SOFT)
    canvas.setFont(REGULAR, 10)
    canvas.drawCentredString(x + _CODE / 2, y - 14, caption)


def _programme(canvas: Canvas, parts: list[ProgrammePart], y: float, language: Language) -> None:
    """Draws all parts of the evening; the more there are, the smaller they are."""
    y = _text(canvas, _LEFT, y, Block(9.5, [TICKET_LABELS[language].programme]), BOLD, _ACCENT) - 6
    height = min(_ROW, (y - _FLOOR) / len(parts))
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(min(0.8, height / 20))
    x, room = _LEFT + _TIMES, _RIGHT - _LEFT - _TIMES
    for part in parts:
        canvas.line(_LEFT, y, _RIGHT, y)
        times = dates.hours(part.starts_at, part.ends_at, language)
        label, title = PROGRAMME_KINDS[language][part.kind], one_line(part.title.in_(language))
        if height >= _ROW * 0.85:
            _text(canvas, _LEFT, y - 5, Block(11.5, [times]), REGULAR, _SOFT)
            _text(canvas, x, y - 5, Block(9.5, [label]), REGULAR, _SOFT)
            _text(canvas, x, y - 16, fit(title, BOLD, (12.5, 11, 9.5), room, 1), BOLD, _INK)
        else:
            size = min(11.5, height * 0.62)
            gap = (height - size * 1.25) / 2
            _text(canvas, _LEFT, y - gap, Block(size, [times]), REGULAR, _SOFT)
            _text(canvas, x, y - gap, fit(f"{label}: {title}", REGULAR, (size,), room, 1), REGULAR, _INK)
        y -= height


def _small_print(canvas: Canvas, language: Language) -> None:
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.8)
    canvas.line(_LEFT, _FLOOR - 12, _RIGHT, _FLOOR - 12)
    y = _text(canvas, _LEFT, _FLOOR - 20, _small_print_block(language), REGULAR, _SOFT)
    _text(canvas, _LEFT, y - 8, _VENUES, REGULAR, _INK)


@cache
def _small_print_block(language: Language) -> Block:
    return fit(TICKET_LABELS[language].small_print, REGULAR, (9.5,), _RIGHT - _LEFT, 5)


def _text(canvas: Canvas, x: float, top: float, block: Block, font: str, colour: Color) -> float:
    """Draws lines below `top`; returns where they end."""
    leading = block.size * 1.25
    canvas.setFillColor(colour)
    for number, line in enumerate(block.lines):
        draw(canvas, x, top - block.size - number * leading, line, font, block.size)
    return top - len(block.lines) * leading
