"""Letters: planning, dropping and looking at them. Sending is in `claims`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlmodel import col, select

from culture_connect.messaging import UnitOfWork
from notifications.domain.letters import Kind, State, Suppression
from notifications.tables import LetterRow

# A letter that is just being sent may arrive all the same: then its claim settles it as sent.
_SUPPRESS = text(
    """
    update letters set state = 'suppressed', reason = news.reason
    from unnest(cast(:ticket_ids as uuid[]), cast(:reasons as text[])) as news (ticket_id, reason)
    where letters.ticket_id = news.ticket_id and letters.state in ('planned', 'sending')
        and (letters.offer_id is null or news.reason = 'ticket-cancelled')
    """
)
_LOCK_INVITATIONS = text(
    """
    select letter_id from letters
    where evening_id = any(:evening_ids) and kind = 'invitation' order by letter_id for update
    """
)
_CALL_OFF = text(
    """
    update letters set state = 'suppressed', reason = 'evening-cancelled'
    from evenings
    where letters.evening_id = any(:evening_ids) and letters.kind = 'invitation'
        and letters.state in ('planned', 'sending')
        and evenings.evening_id = letters.evening_id and evenings.cancelled
    """
)
_PLAN = text(
    """
    insert into letters (
        letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, offer_id, holder_id, details,
        sequence, state, reason, attempts, due_at, planned_at
    )
    select letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, offer_id, holder_id,
        cast(details as jsonb),
        coalesce((
            select max(earlier.sequence) + 1 from letters as earlier
            where earlier.participant_id = news.participant_id and earlier.evening_id = news.evening_id
                and earlier.kind in ('ticket-issued', 'ticket-cancelled')
        ), 0),
        case when reason is null then 'planned' else 'suppressed' end, reason, 0, :now, :now
    from unnest(
        cast(:letter_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]),
        cast(:kinds as text[]), cast(:ticket_ids as uuid[]), cast(:versions as integer[]), cast(:offer_ids as uuid[]),
        cast(:holder_ids as uuid[]), cast(:details as text[]), cast(:reasons as text[])
    ) as news (
        letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, offer_id, holder_id, details, reason
    )
    on conflict do nothing
    """
)
_LOCK_PERSONAL = text(
    """
    select letter_id from letters
    where participant_id = any(:participant_ids) or holder_id = any(:participant_ids) order by letter_id for update
    """
)
_ERASE = text(
    """
    update letters set contents = null, details = case when details is not null then cast('{}' as jsonb) end,
        reason = case when state in ('planned', 'sending') then 'erased' else reason end,
        state = case when state in ('planned', 'sending') then 'suppressed' else state end
    where participant_id = any(:participant_ids)
    """
)
# Without the holder's id, too, a letter that is being claimed at this moment cannot find the name again.
_FORGET_HOLDER = text(
    "update letters set holder_id = null, contents = contents - 'holder_name' where holder_id = any(:participant_ids)"
)
# What a letter would be written from now, of the rows that `SOURCES` finds for it.
CONTENTS = """
    jsonb_build_object(
        'recipient', jsonb_build_object(
            'given_name', contacts.given_name, 'family_name', contacts.family_name,
            'email', contacts.email, 'language', contacts.language
        ),
        'evening', evenings.details,
        'ticket', coalesce(letters.details, tickets.details),
        'holder_name', holder.given_name
    )
"""
SOURCES = """
    left join contacts on contacts.participant_id = letters.participant_id
    left join evenings on evenings.evening_id = letters.evening_id
    left join tickets on tickets.ticket_id = letters.ticket_id
    left join contacts as holder on holder.participant_id = letters.holder_id
"""
_LETTER = text(
    f"""
    select letters.letter_id, letters.participant_id, letters.evening_id, kind, letters.ticket_id, sequence, state,
        reason, attempts, planned_at, written_at, sent_at,
        coalesce(
            contents,
            case when contacts.email is not null and evenings.details is not null and sent_at is null
            then {CONTENTS} end
        ) as contents
    from letters {SOURCES}
    where letter_id = :letter_id
    """  # noqa: S608 - put together from constants
)
_TALLY = text("select state, count(*) as letters from letters group by state")
_OLDEST = text(
    """
    select coalesce(extract(epoch from now() - min(planned_at)), 0)::float8
    from letters where state in ('planned', 'sending')
    """
)


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to be planned; with a reason in `stillborn` it is only recorded, as suppressed.

    A letter of a ticket has the ticket and its version, and tells what the ticket's row holds. Any other brings its
    own `details`; an offer has the ticket and its holder, None when the holder was erased.
    """

    letter_id: UUID
    kind: Kind
    participant_id: UUID
    evening_id: UUID
    stillborn: Suppression | None
    ticket_id: UUID | None = None
    ticket_version: int | None = None
    offer_id: UUID | None = None
    holder_id: UUID | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a list shows; None for all."""

    participant_id: UUID | None = None
    evening_id: UUID | None = None
    state: State | None = None


async def suppress(work: UnitOfWork, reasons: Mapping[UUID, Suppression]) -> None:
    """Drops the letters of these tickets (id -> reason) that have not been sent; offers go with a cancellation only."""
    await work.execute(
        _SUPPRESS, {"ticket_ids": list(reasons), "reasons": [str(reason) for reason in reasons.values()]}
    )


async def call_off(work: UnitOfWork, evening_ids: Sequence[UUID]) -> None:
    """Drops the invitations to those of these evenings that are cancelled, as far as they have not been sent."""
    for statement in (_LOCK_INVITATIONS, _CALL_OFF):
        await work.execute(statement, {"evening_ids": list(evening_ids)})


async def plan(work: UnitOfWork, new: Sequence[NewLetter], now: datetime) -> None:
    """Plans letters, due at once; one that was planned before stays as it is."""
    await work.execute(
        _PLAN,
        {
            "letter_ids": [letter.letter_id for letter in new],
            "participant_ids": [letter.participant_id for letter in new],
            "evening_ids": [letter.evening_id for letter in new],
            "kinds": [str(letter.kind) for letter in new],
            "ticket_ids": [letter.ticket_id for letter in new],
            "versions": [letter.ticket_version for letter in new],
            "offer_ids": [letter.offer_id for letter in new],
            "holder_ids": [letter.holder_id for letter in new],
            "details": [None if letter.details is None else json.dumps(dict(letter.details)) for letter in new],
            "reasons": [letter.stillborn and str(letter.stillborn) for letter in new],
            "now": now,
        },
    )


async def erase(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Drops what these participants have not been sent yet, removes what all their letters held, and their names
    from the letters to colleagues whom they offered a ticket.
    """
    ids = {"participant_ids": list(participant_ids)}
    for statement in (_LOCK_PERSONAL, _ERASE, _FORGET_HOLDER):
        await work.execute(statement, ids)


async def page(
    work: UnitOfWork, wanted: Wanted, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[LetterRow]:
    """The newest letters first, at most `limit`, those after the one with this (planned_at, letter_id)."""
    query = select(LetterRow).order_by(col(LetterRow.planned_at).desc(), col(LetterRow.letter_id).desc()).limit(limit)
    if wanted.participant_id is not None:
        query = query.where(LetterRow.participant_id == wanted.participant_id)
    if wanted.evening_id is not None:
        query = query.where(LetterRow.evening_id == wanted.evening_id)
    if wanted.state is not None:
        query = query.where(LetterRow.state == wanted.state)
    if after is not None:
        planned_at, last_id = after
        query = query.where(
            (col(LetterRow.planned_at) < planned_at)
            | ((col(LetterRow.planned_at) == planned_at) & (col(LetterRow.letter_id) < last_id))
        )
    return (await work.session.exec(query)).all()


async def find(work: UnitOfWork, wanted: UUID) -> RowMapping | None:
    """A letter with its contents: as it was sent, or as it would be now; null when there is nothing to write from."""
    return (await work.execute(_LETTER, {"letter_id": wanted})).mappings().first()


async def tally(work: UnitOfWork) -> tuple[Mapping[State, int], float]:
    """How many letters there are in each state, and the seconds since the oldest unsent one was planned."""
    counted: dict[str, Any] = {row.state: row.letters for row in await work.execute(_TALLY)}
    oldest = (await work.execute(_OLDEST)).scalar_one()
    return {state: counted.get(state, 0) for state in State}, float(oldest)
