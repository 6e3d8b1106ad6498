"""The tables in which registration holds personal data, for the right of access (GDPR, article 15)."""

from collections.abc import Sequence
from typing import Final

from culture_connect.http.subject_access import MESSAGES, Holding

_THEIRS: Final = "t.participant_id = :participant"

HOLDINGS: Final[Sequence[Holding]] = (
    Holding("participants", _THEIRS),
    Holding("tombstones", _THEIRS),
    Holding("erasures", _THEIRS),
    Holding("idempotency_keys", "t.body ->> 'participant_id' = cast(cast(:participant as uuid) as text)"),
    *MESSAGES,
    # Commands of HR that wait to be tried again name people as HR does.
    Holding(
        "retries",
        "t.queue = 'hr.' || cast(:partner as text) || '.enrolments'"
        " and position(convert_to(cast(to_json(cast(:employee_ref as text)) as text), 'UTF8') in t.body) > 0",
    ),
)
