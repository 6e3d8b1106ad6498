"""A letter as a page for operators: its state, and the mail as its reader sees it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from culture_connect import dates
from culture_connect.contracts import LOCAL_TIME, Language
from culture_connect.http.pages import Site
from notifications.domain.catalogue import State, Suppression
from notifications.pages.views import LetterView, WholeLetterView

# The letter's own styles are on its elements. Of all else only pictures in the text itself are allowed; no script runs,
# and a link of the letter leads nowhere, since it is somebody else's.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)


class LetterPage:
    """Renders the page; `policy` is the Content-Security-Policy of the page and of the frame in it."""

    policy = _POLICY

    def __init__(self) -> None:
        self._site = Site(Path(__file__).parent / "templates")

    def render(self, letter: WholeLetterView, together: Sequence[LetterView]) -> str:
        """Renders the page of a letter and of all letters of its mail, itself among them."""
        return self._site.fill(
            "letter.html",
            Language.EN,
            "",
            letter=letter,
            rendered=letter.rendered,
            reason=_reason(letter),
            times=_times(letter),
            ids=[
                (name, value)
                for name, value in (
                    ("Participant", letter.participant_id),
                    ("Partner", letter.partner),
                    ("Evening", letter.evening_id),
                    ("Ticket", letter.ticket_id),
                    ("Letter", letter.letter_id),
                )
                if value is not None
            ],
            together=together,
        )


def _reason(letter: LetterView) -> str | None:
    if letter.reason in set(Suppression):
        return Suppression(letter.reason).description
    return letter.reason


def _times(letter: LetterView) -> list[tuple[str, dict[str, Any]]]:
    unsent = letter.state in (State.PLANNED, State.SENDING)
    moments = (
        ("Planned", letter.planned_at),
        ("To go", letter.wanted_at),
        ("Next try", letter.due_at if unsent and letter.due_at != letter.wanted_at else None),
        ("Sent", letter.sent_at),
        ("Ended", letter.ended_at if letter.ended_at != letter.sent_at else None),
    )
    return [(name, _moment(moment)) for name, moment in moments if moment is not None]


def _moment(moment: datetime) -> dict[str, Any]:
    local = moment.astimezone(LOCAL_TIME)
    return {"iso": moment.isoformat(), "text": f"{dates.day(moment, Language.EN)}, {local:%H:%M:%S}"}
