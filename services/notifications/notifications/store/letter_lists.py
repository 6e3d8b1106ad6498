"""Looking at letters: lists, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import Kind, State
from notifications.tables import LetterRow

_TALLY = text("select state, kind, coalesce(reason, '') as reason, count(*) as letters from letters group by 1, 2, 3")
# A letter that is wanted later, such as a reminder, is not late.
_OLDEST = text(
    """
    select coalesce(extract(epoch from now() - min(wanted_at)), 0)::float8
    from letters where state in ('planned', 'sending') and wanted_at <= now()
    """
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters a list shows; None for all."""

    participant_id: UUID | None = None
    evening_id: UUID | None = None
    state: State | None = None
    partner: str | None = None
    kind: Kind | None = None
    mail_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many letters of a kind there are in a state, for a reason where there is one."""

    state: State
    kind: str
    reason: str
    letters: int


async def page(
    work: UnitOfWork, wanted: Wanted, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[LetterRow]:
    """The newest letters first, at most `limit`, those after the one with this (planned_at, letter_id)."""
    query = select(LetterRow).order_by(col(LetterRow.planned_at).desc(), col(LetterRow.letter_id).desc()).limit(limit)
    for column, value in (
        (LetterRow.participant_id, wanted.participant_id),
        (LetterRow.evening_id, wanted.evening_id),
        (LetterRow.state, wanted.state),
        (LetterRow.partner, wanted.partner),
        (LetterRow.kind, wanted.kind),
        (LetterRow.mail_id, wanted.mail_id),
    ):
        if value is not None:
            query = query.where(col(column) == value)
    if after is not None:
        planned_at, last_id = after
        query = query.where(
            (col(LetterRow.planned_at) < planned_at)
            | ((col(LetterRow.planned_at) == planned_at) & (col(LetterRow.letter_id) < last_id))
        )
    return (await work.session.exec(query)).all()


async def find(work: UnitOfWork, wanted: UUID) -> LetterRow | None:
    """One letter, None when there is none of this id."""
    return await work.session.get(LetterRow, wanted)


async def tally(work: UnitOfWork) -> tuple[Sequence[Count], float]:
    """How many letters there are, and the seconds since the oldest unsent one was wanted."""
    counted = [Count(State(row.state), row.kind, row.reason, row.letters) for row in await work.execute(_TALLY)]
    oldest = (await work.execute(_OLDEST)).scalar_one()
    return counted, float(oldest)
