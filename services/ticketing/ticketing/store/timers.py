"""Timers of evenings: rows, so that they outlive every process and move with their evening."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

# A moment that has passed needs no timer: the event of the evening brings its own allocation.
_SET = text(
    """
    with wanted as (
        select evening_id, kind, due_at, not cancelled and starts_at > :now and due_at > :now as is_ahead
        from evenings
        cross join lateral (values ('release', release_at), ('closing', closes_at)) as each (kind, due_at)
        where evening_id = any(:evenings)
    ),
    dropped as (
        delete from timers using wanted
        where (timers.evening_id, timers.kind) = (wanted.evening_id, wanted.kind) and not wanted.is_ahead
    )
    insert into timers (evening_id, kind, due_at)
    select evening_id, kind, due_at from wanted where is_ahead
    on conflict (evening_id, kind) do update set due_at = excluded.due_at
    """
)
_DUE = text("select distinct evening_id from timers where due_at <= :now")
_NEXT = text("select min(due_at) from timers")
_TAKE = text("delete from timers where evening_id = :evening and due_at <= :now returning kind, due_at")


async def reschedule(work: UnitOfWork, evenings: Collection[UUID]) -> None:
    """Sets, moves or removes the timers of these evenings as their rows have it."""
    if evenings:
        await work.execute(_SET, {"evenings": list(evenings), "now": work.now})


async def due(work: UnitOfWork) -> list[UUID]:
    """Returns the evenings with timers that are due."""
    return list((await work.execute(_DUE, {"now": work.now})).scalars())


async def next_due(work: UnitOfWork) -> datetime | None:
    """Returns the moment of the next timer, None when there is none."""
    return (await work.execute(_NEXT)).scalar()


async def take(work: UnitOfWork, evening: UUID) -> set[str]:
    """Deletes and returns the kinds that are due for this evening, whose row is locked; none once a replica did."""
    return set((await work.execute(_TAKE, {"evening": evening, "now": work.now})).scalars())
