"""A letter as a page for operators: what became of it, and what its reader sees."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from culture_connect import dates
from culture_connect.contracts import LOCAL_TIME, Language
from culture_connect.http.pages import Site
from notifications.domain.kinds import State
from notifications.http.views import LetterView, WholeLetterView
from notifications.pages.reasons import REASONS

# The letter's own styles are on its elements. Of all else a page could have or load only pictures in the text itself
# are let through; no script runs, and a link of the letter leads nowhere, since it is somebody else's.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)


class LetterPage:
    """Writes the page; `policy` is the Content-Security-Policy that it is made for, and the frame in it."""

    policy = _POLICY

    def __init__(self) -> None:
        self._site = Site(Path(__file__).parent / "templates")

    def render(self, letter: WholeLetterView, together: Sequence[LetterView]) -> str:
        """The page of a letter and of all that travelled in its mail, itself among them."""
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
    return REASONS.get(letter.reason, letter.reason) if letter.reason else None


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
