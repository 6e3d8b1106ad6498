"""Letters of participants whose address changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import QUESTIONS, Bundle, Kind
from notifications.store.letters import SUPPRESS, UNSENT

# A mail written for the old address is not to go there, not even once more. A sender that has begun to send it records
# that it went.
_RECALL = text(
    f"""
    update letters set {SUPPRESS} 'moved'
    where participant_id = any(:participant_ids) and {UNSENT} and mail_id is not null
    returning letter_id, kind, bundle, participant_id, evening_id, ticket_id, ticket_version, holder_id, details
    """  # noqa: S608 - built from constants
)
# Their publisher reissues those that still count.
_SUPPRESS_QUESTIONS = text(
    f"""
    update letters set {SUPPRESS} 'moved'
    from unnest(cast(:participant_ids as uuid[]), cast(:addresses as text[])) as moved (participant_id, address)
    where letters.participant_id = moved.participant_id and {UNSENT}
        and letters.kind = any(:questions) and letters.details ->> 'address_sha256' <> moved.address
    """  # noqa: S608 - built from constants
)
_FORGET_QUESTIONS = text(
    """
    update letters set details = null
    where participant_id = any(:participant_ids) and kind = any(:questions)
        and state not in ('planned', 'sending') and details is not null
    """
)
_WELCOMED = text(
    """
    select participant_id, bool_or(state in ('sending', 'sent', 'failed') or mail_id is not null) as welcomed,
        bool_or(state = 'planned' and mail_id is null) as pending
    from letters where participant_id = any(:participant_ids) and kind = 'welcome' group by participant_id
    """
)
_POSTPONE = text(
    """
    update letters set due_at = :due_at, reason = case when reason = 'moved' then null else reason end
    where participant_id = any(:participant_ids) and state = 'planned' and mail_id is null and due_at is not null
        and (bundle = 'arrival' or reason = 'moved')
    """
)


@dataclass(frozen=True, slots=True)
class RecalledLetter:
    """A letter that was written to an address that is its addressee's no longer."""

    letter_id: UUID
    kind: Kind
    bundle: Bundle | None
    participant_id: UUID
    evening_id: UUID | None
    ticket_id: UUID | None
    ticket_version: int | None
    holder_id: UUID | None
    details: Mapping[str, Any] | None


async def recall(work: UnitOfWork, addresses: Mapping[UUID, str]) -> Sequence[RecalledLetter]:
    """Suppresses the unsent mails written to these people, and their invitations and offers to another address than the
    one of this hash; returns the letters that were written.
    """
    people: dict[str, Any] = {"participant_ids": list(addresses)}
    rows = (await work.execute(_RECALL, people | {"now": work.now})).mappings()
    recalled = [
        RecalledLetter(**{**row, "kind": Kind(row["kind"]), "bundle": Bundle(row["bundle"]) if row["bundle"] else None})
        for row in rows
    ]
    questions = {"questions": [str(kind) for kind in QUESTIONS]}
    parameters = people | questions | {"addresses": list(addresses.values()), "now": work.now}
    await work.execute(_SUPPRESS_QUESTIONS, parameters)
    await work.execute(_FORGET_QUESTIONS, people | questions)
    return recalled


async def welcomed(work: UnitOfWork, participant_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
    """Returns those of these people who may have had a welcome; True for whom another one is still to be written."""
    rows = await work.execute(_WELCOMED, {"participant_ids": list(participant_ids)})
    return {row.participant_id: row.pending for row in rows if row.welcomed}


async def postpone(work: UnitOfWork, participant_ids: Sequence[UUID], due_at: datetime) -> None:
    """Postpones the arrival letters of these people, and those that waited for another address, until then."""
    await work.execute(_POSTPONE, {"participant_ids": list(participant_ids), "due_at": due_at})
