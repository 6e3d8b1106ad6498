"""The tables with personal data in ticketing, for the right of access (GDPR, article 15)."""

from collections.abc import Sequence
from typing import Final

from culture_connect.http.subject_access import MESSAGES, Holding

_THEIRS: Final = "t.participant_id = :participant"
_OF_THEIR_TICKETS: Final = "t.ticket_id in (select ticket_id from tickets where participant_id = :participant)"

HOLDINGS: Final[Sequence[Holding]] = (
    Holding("participants", _THEIRS),
    Holding("wishes", _THEIRS),
    Holding("tickets", _THEIRS),
    Holding("scans", _OF_THEIR_TICKETS),
    Holding("pages", _THEIRS),
    Holding("offers", _THEIRS, without=("address_hash",)),
    # Nobody learns which colleague they offered a ticket to, and so who takes part.
    Holding("offers", _OF_THEIR_TICKETS, without=("participant_id", "address_hash")),
    Holding("decisions", _THEIRS),
    Holding(
        "idempotency_keys",
        "t.body ->> 'participant_id' = cast(cast(:participant as uuid) as text)"
        " or t.body ->> 'ticket_id' in ("
        "select cast(ticket_id as text) from tickets where participant_id = :participant"
        ")",
    ),
    *MESSAGES,
)
