"""The letters that are agreed word for word, one of every kind and some more, and the files they are agreed in.

`python -m tests.unit.notifications.golden_letters` writes the files that are missing, for a reader to check.
"""

from datetime import date
from pathlib import Path

from notifications.contents import Letter, Piece
from notifications.domain.catalogue import Kind
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.composed import PUBLIC_URL, a_mail, a_piece

FOLDER = Path(__file__).parent / "golden"
RENDERER = Renderer(public_url=PUBLIC_URL)
LANGUAGES = ("nl", "en")


def several(*kinds: Kind) -> list[Piece]:
    """Returns the pieces of one mail."""
    return [a_piece(kind, number=number) for number, kind in enumerate(kinds)]


MAILS = {
    **{str(kind): [a_piece(kind)] for kind in Kind},
    "evening-changed": [
        a_piece(Kind.EVENING_CHANGED, ticket={"code": "eyJ", "link": "https://cultureconnect.example/my/7"})
    ],
    "welcome-before-the-start": [a_piece(Kind.WELCOME, first_day=date(2027, 1, 4))],
    "start-changed-and-ahead": [a_piece(Kind.START_CHANGED, first_day=date(2027, 1, 4))],
    "evening-changed-for-invited": [a_piece(Kind.EVENING_CHANGED, invited=True, sequence=None)],
    "evening-cancelled-for-invited": [a_piece(Kind.EVENING_CANCELLED, invited=True, sequence=None)],
    "welcome-with-tickets": several(Kind.WELCOME, *[Kind.TICKET_ISSUED] * 4, Kind.TICKET_WAITLISTED),
    "tickets": several(Kind.TICKET_ISSUED, Kind.TICKET_RECEIVED, Kind.TICKET_WAITLISTED),
    "goodbye-with-tickets": several(Kind.GOODBYE, Kind.TICKET_CANCELLED, Kind.TICKET_CANCELLED),
}


def agreed(name: str, language: str) -> Letter:
    """Returns one of the mails above."""
    pieces = MAILS[name]
    return a_mail(pieces[0].kind, *pieces, language=language)


def file_of(name: str, language: str) -> Path:
    """Returns the file in which a letter is agreed."""
    return FOLDER / f"{name}.{language}.txt"


def text_of(name: str, language: str) -> str:
    """Returns a letter as it reads now."""
    rendered = RENDERER.render(agreed(name, language))
    return f"Subject: {rendered.subject}\n\n{rendered.text}"


def write_missing() -> None:
    """Writes the letters that have no file yet."""
    for name in MAILS:
        for language in LANGUAGES:
            if not file_of(name, language).exists():
                file_of(name, language).write_text(text_of(name, language), encoding="utf-8")


if __name__ == "__main__":
    write_missing()
