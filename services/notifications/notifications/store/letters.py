"""Letters: planning, dropping and looking at them. Sending is in `claims`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlmodel import col, select

from culture_connect.messaging import UnitOfWork
from notifications.domain.letters import Kind, State, Suppression, letter_id
from notifications.store.tickets import TicketNews
from notifications.tables import LetterRow

# A letter that is just being sent may arrive all the same: then its claim settles it as sent.
_SUPPRESS = text(
    """
    update letters set state = 'suppressed', reason = news.reason
    from unnest(cast(:ticket_ids as uuid[]), cast(:reasons as text[])) as news (ticket_id, reason)
    where letters.ticket_id = news.ticket_id and letters.state in ('planned', 'sending')
    """
)
_PLAN = text(
    """
    insert into letters (
        letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, sequence, state, reason,
        attempts, due_at, planned_at
    )
    select letter_id, participant_id, evening_id, kind, ticket_id, ticket_version,
        coalesce((
            select max(earlier.sequence) + 1 from letters as earlier
            where earlier.participant_id = news.participant_id and earlier.evening_id = news.evening_id
                and earlier.kind <> 'ticket-waitlisted'
        ), 0),
        case when reason is null then 'planned' else 'suppressed' end, reason, 0, :now, :now
    from unnest(
        cast(:letter_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]),
        cast(:kinds as text[]), cast(:ticket_ids as uuid[]), cast(:versions as integer[]), cast(:reasons as text[])
    ) as news (letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, reason)
    on conflict do nothing
    """
)
_ERASE = text(
    """
    update letters set contents = null,
        reason = case when state in ('planned', 'sending') then 'erased' else reason end,
        state = case when state in ('planned', 'sending') then 'suppressed' else state end
    where participant_id = any(:participant_ids)
    """
)
# What a letter would be written from now.
CONTENTS = """
    jsonb_build_object(
        'recipient', jsonb_build_object(
            'given_name', contacts.given_name, 'family_name', contacts.family_name,
            'email', contacts.email, 'language', contacts.language
        ),
        'evening', evenings.details,
        'ticket', tickets.details
    )
"""
_LETTER = text(
    f"""
    select letters.letter_id, letters.participant_id, letters.evening_id, kind, ticket_id, sequence, state, reason,
        attempts, planned_at, written_at, sent_at,
        coalesce(
            contents,
            case when email is not null and evenings.details is not null and sent_at is null then {CONTENTS} end
        ) as contents
    from letters
    left join contacts using (participant_id) left join evenings using (evening_id) left join tickets using (ticket_id)
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
    """A letter to be planned; with a reason it is only recorded, as suppressed."""

    kind: Kind
    ticket: TicketNews
    stillborn: Suppression | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a list shows; None for all."""

    participant_id: UUID | None = None
    evening_id: UUID | None = None
    state: State | None = None


async def suppress(work: UnitOfWork, reasons: Mapping[UUID, Suppression]) -> None:
    """Drops the letters of these tickets (id -> reason) that have not been sent."""
    await work.execute(
        _SUPPRESS, {"ticket_ids": list(reasons), "reasons": [str(reason) for reason in reasons.values()]}
    )


async def plan(work: UnitOfWork, new: Sequence[NewLetter], now: datetime) -> None:
    """Plans letters, due at once; one that was planned before stays as it is."""
    tickets = [letter.ticket for letter in new]
    await work.execute(
        _PLAN,
        {
            "letter_ids": [
                letter_id(ticket.participant_id, ticket.evening_id, letter.kind, ticket.ticket_id, ticket.version)
                for letter, ticket in zip(new, tickets, strict=True)
            ],
            "participant_ids": [ticket.participant_id for ticket in tickets],
            "evening_ids": [ticket.evening_id for ticket in tickets],
            "kinds": [str(letter.kind) for letter in new],
            "ticket_ids": [ticket.ticket_id for ticket in tickets],
            "versions": [ticket.version for ticket in tickets],
            "reasons": [letter.stillborn and str(letter.stillborn) for letter in new],
            "now": now,
        },
    )


async def erase(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Drops what these participants have not been sent yet, and removes what all their letters held."""
    await work.execute(_ERASE, {"participant_ids": list(participant_ids)})


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
