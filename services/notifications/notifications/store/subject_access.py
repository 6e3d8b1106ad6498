"""Personal data that notifications holds, for the right of access (GDPR, article 15)."""

from collections.abc import Sequence
from typing import Final

from culture_connect.http.subject_access import MESSAGES, Holding

_THEIRS: Final = "t.participant_id = :participant"

HOLDINGS: Final[Sequence[Holding]] = (
    Holding("contacts", _THEIRS),
    Holding("tickets", _THEIRS),
    Holding("letters", _THEIRS),
    # Letters to colleagues whom they offered a ticket: that there are any, and nothing of the colleague.
    Holding(
        "letters",
        "t.holder_id = :participant and t.participant_id is distinct from :participant",
        without=("participant_id", "partner", "details", "contents", "domain"),
    ),
    Holding("idempotency_keys", "t.body ->> 'participant_id' = cast(cast(:participant as uuid) as text)"),
    *MESSAGES,
)
