"""Queries about letters: lists, single ones, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, State
from notifications.tables import LetterRow

_COUNT = text("select state, kind, coalesce(reason, '') as reason, count(*) as letters from letters group by 1, 2, 3")
_IDS = text("select letter_id from letters where participant_id = :participant_id order by planned_at, letter_id")
# A letter that is wanted later, such as a reminder, is not late.
_OLDEST = text(
    """
    select coalesce(extract(epoch from now() - min(wanted_at)), 0)::float8
    from letters where state in ('planned', 'sending') and wanted_at <= now()
    """
)


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """The filter of a list of letters; None for all."""

    participant_id: UUID | None = None
    evening_id: UUID | None = None
    state: State | None = None
    partner: str | None = None
    kind: Kind | None = None
    mail_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LetterCount:
    """The number of letters of a kind in a state, for a reason where there is one."""

    state: State
    kind: str
    reason: str
    letters: int


async def page(
    work: UnitOfWork, chosen: LetterFilter, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[LetterRow]:
    """Returns letters, the newest first, at most `limit`, those after the one with this (planned_at, letter_id)."""
    query = select(LetterRow).order_by(col(LetterRow.planned_at).desc(), col(LetterRow.letter_id).desc()).limit(limit)
    for column, value in (
        (LetterRow.participant_id, chosen.participant_id),
        (LetterRow.evening_id, chosen.evening_id),
        (LetterRow.state, chosen.state),
        (LetterRow.partner, chosen.partner),
        (LetterRow.kind, chosen.kind),
        (LetterRow.mail_id, chosen.mail_id),
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


async def find(work: UnitOfWork, letter_id: UUID) -> LetterRow | None:
    """Returns one letter, None when there is none of this id."""
    return await work.session.get(LetterRow, letter_id)


async def ids_of(work: UnitOfWork, participant_id: UUID) -> Sequence[UUID]:
    """Returns the ids of all letters to a participant, the oldest first."""
    rows = await work.execute(_IDS, {"participant_id": participant_id})
    return rows.scalars().all()


async def count(work: UnitOfWork) -> tuple[Sequence[LetterCount], float]:
    """Returns the numbers of letters, and the seconds since the oldest unsent one was chosen."""
    counted = [LetterCount(State(row.state), row.kind, row.reason, row.letters) for row in await work.execute(_COUNT)]
    oldest = (await work.execute(_OLDEST)).scalar_one()
    return counted, float(oldest)
