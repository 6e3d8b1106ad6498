"""Who was invited to an evening and has not answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import Kind, State
from notifications.domain.letters import KnownLetter

# Whoever asked has a ticket or a place in the line, or had one after the invitation: its letters tell them. Somebody
# who comes back is invited anew, whatever tickets they had before. Who was erased has nowhere to be written to.
_SILENT = """
    select distinct on (participant_id, evening_id) participant_id, evening_id, details,
        state = 'sent' or state <> 'failed' and mail_id is not null as told
    from letters
    where evening_id = any(:evening_ids) and kind = 'invitation' and state <> 'failed'
        and exists (select from contacts where contacts.participant_id = letters.participant_id and not erased)
        and (state <> 'suppressed' or mail_id is not null)
        and not exists (
            select from tickets
            where tickets.participant_id = letters.participant_id and tickets.evening_id = letters.evening_id
                and tickets.standing in ('issued', 'waitlisted', 'admitted')
        )
        and not exists (
            select from letters as later
            where later.participant_id = letters.participant_id and later.evening_id = letters.evening_id
                and later.ticket_id is not null and later.offer_id is null
                and later.planned_at >= letters.planned_at
        )
    order by participant_id, evening_id, told desc, planned_at desc
"""
_CHANGES = """
    select participant_id, evening_id, kind, state, mail_id is not null as written from letters
    where evening_id = any(:evening_ids) and kind = 'evening-changed' and state = 'planned' and ticket_id is null
    order by letter_id for update
"""


@dataclass(frozen=True, slots=True)
class Silent:
    """Somebody who was invited and has not answered.

    `told` when the invitation may have arrived, `details` is what it tells, None when that is not kept any more.
    `changes` are the letters about changes of the evening that are still to be sent to them.
    """

    participant_id: UUID
    evening_id: UUID
    told: bool
    details: Mapping[str, Any] | None
    changes: Sequence[KnownLetter]


async def silent(work: UnitOfWork, evening_ids: Sequence[UUID]) -> list[Silent]:
    """Those who were invited to these evenings and have not answered; the caller holds the locks of the evenings."""
    ids = {"evening_ids": list(evening_ids)}
    found = list(await work.execute(text(_SILENT), ids))
    changes: dict[tuple[UUID, UUID], list[KnownLetter]] = {}
    for row in await work.execute(text(_CHANGES), ids) if found else ():
        letter = KnownLetter(Kind(row.kind), State(row.state), row.written)
        changes.setdefault((row.participant_id, row.evening_id), []).append(letter)
    return [
        Silent(row.participant_id, row.evening_id, row.told, row.details, changes.get(tuple(row[:2]), ()))
        for row in found
    ]
