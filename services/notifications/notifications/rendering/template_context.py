"""The variables of the templates: sanitized lines of text in the reader's language.

At the top stand those of the whole mail and those of its leading piece; `pieces`, `tickets`, `waiting` and `ended` hold
the same for each piece; bodies have the letter's `subject` as well. All names are always there: what a letter does not
tell is None or empty.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from culture_connect import dates
from culture_connect.contracts import Language, Venue, local_day, venue_names
from notifications.contents import Digest, Letter, Piece, PublishedEvening, Recipient
from notifications.domain.catalogue import ENDINGS, TICKETS, Kind
from notifications.rendering.evening_changes import changes
from notifications.rendering.sanitize import one_line
from notifications.rendering.translations import DIRECTIONS, NO_NAME, PROGRAMME_KINDS

_NO_EVENING: dict[str, Any] = dict.fromkeys(
    ("title", "theme", "day", "short_day", "days_left", "starts", "ends", "venue", "where", "explanation")
) | {"directions": None, "programme": []}


def template_context(letter: Letter, public_url: str) -> dict[str, Any]:
    """Returns the variables of a mail; links to this service begin with `public_url`."""
    contents = letter.contents
    language = contents.recipient.language
    pieces = [_piece(piece, letter, number, language) for number, piece in enumerate(contents.pieces, 1)]
    return {
        **pieces[0],
        "called": _called(contents.recipient),
        "partner": _line(contents.partner_name),
        "pieces": pieces,
        "tickets": [piece for piece in pieces if piece["kind"] in TICKETS],
        "waiting": [piece for piece in pieces if piece["kind"] is Kind.TICKET_WAITLISTED],
        "ended": [piece for piece in pieces if piece["kind"] in ENDINGS - {Kind.GOODBYE}],
        "digest": _digest(contents.digest, language) if contents.digest else None,
        "unsubscribe": unsubscribe_link(public_url, contents.unsubscribe) if contents.unsubscribe else None,
        "language": str(language),
        "institutions": [venue.label for venue in Venue],
    }


def unsubscribe_link(public_url: str, secret: UUID) -> str:
    """Returns the link to the addressee's preferences, known by their `secret`."""
    return f"{public_url.rstrip('/')}/unsubscribe/{secret}"


def _called(recipient: Recipient) -> str:
    """Returns the name in the greeting: some have one name only, and that is the given one or the family's."""
    return _line(recipient.given_name) or _line(recipient.family_name) or NO_NAME[recipient.language]


def content_id(letter: Letter, number: int) -> str:
    """Returns the content id of the picture of the code of the letter's piece of this number, from 1."""
    return f"ticket-code-{number}@{letter.letter_id}"


def _piece(piece: Piece, letter: Letter, number: int, language: Language) -> dict[str, Any]:
    ticket = piece.ticket
    last_day = piece.last_day
    leaves_later = last_day is not None and last_day >= local_day(letter.written_at)
    return {
        **(_evening(piece.evening, letter.written_at, language) if piece.evening else _NO_EVENING),
        "kind": piece.kind,
        "cid": content_id(letter, number),
        "code": _line(ticket.code),
        "link": _line(ticket.link),
        "position": ticket.position,
        "reason": ticket.reason,
        "giver": _line(piece.giver),
        "changes": changes(piece.before, piece.evening, language) if piece.before and piece.evening else [],
        "last_day": dates.date(last_day, language) if last_day and leaves_later else None,
        "first_day": dates.date(piece.first_day, language) if piece.first_day else None,
        "invited": piece.invited,
        "has_entry": piece.sequence is not None,
    }


def _evening(evening: PublishedEvening, written_at: datetime, language: Language) -> dict[str, Any]:
    return {
        "title": one_line(evening.title.in_(language)),
        "theme": one_line(evening.theme.in_(language)),
        "day": dates.day(evening.starts_at, language),
        "short_day": dates.short_day(evening.starts_at, language),
        "days_left": (local_day(evening.starts_at) - local_day(written_at)).days,
        "starts": dates.clock(evening.starts_at, language),
        "ends": dates.clock(evening.ends_at, language),
        "venue": evening.venue.label,
        "where": venue_names.where(evening.venue, one_line(evening.location)),
        "explanation": _line(evening.reason.in_(language)) if evening.reason else None,
        "directions": DIRECTIONS[evening.venue][language],
        "programme": _programme(evening, language),
    }


def _programme(evening: PublishedEvening, language: Language) -> Sequence[dict[str, str]]:
    return [
        {
            "starts": dates.clock(part.starts_at, language),
            "ends": dates.clock(part.ends_at, language),
            "label": PROGRAMME_KINDS[language][part.kind],
            "title": one_line(part.title.in_(language)),
        }
        for part in evening.programme
    ]


def _digest(digest: Digest, language: Language) -> dict[str, Any]:
    return {
        "first_day": dates.date(digest.first_day, language),
        "last_day": dates.date(digest.last_day, language),
        "joined": digest.joined,
        "left": digest.left,
        "taking_part": digest.taking_part,
        "places": digest.places,
        "evenings": [
            {
                "title": one_line(evening.title.in_(language)),
                "short_day": dates.short_day(evening.starts_at, language),
                "venue": evening.venue.label,
                "cancelled": evening.cancelled,
                "seats": evening.seats,
                "admitted": evening.admitted,
                "waiting": evening.waiting,
            }
            for evening in digest.evenings
        ],
    }


def _line(text: str | None) -> str | None:
    """Returns the text in a line; None when nothing visible is left of it."""
    return (one_line(text) or None) if text else None
