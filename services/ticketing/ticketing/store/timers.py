"""What is to be done for an evening at a moment to come: durable, so that no restart forgets it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

# A moment that has passed needs no timer: whoever tells the evening settles it as it then is.
_SET = text(
    """
    with told as (
        select evening_id, kind, due_at, not cancelled and starts_at > :now and due_at > :now as is_ahead
        from evenings
        cross join lateral (values ('release', release_at), ('closing', closes_at)) as each (kind, due_at)
        where evening_id = any(:evenings)
    ),
    dropped as (
        delete from timers using told
        where (timers.evening_id, timers.kind) = (told.evening_id, told.kind) and not told.is_ahead
    )
    insert into timers (evening_id, kind, due_at)
    select evening_id, kind, due_at from told where is_ahead
    on conflict (evening_id, kind) do update set due_at = excluded.due_at
    """
)
_DUE = text("select distinct evening_id from timers where due_at <= :now")
_NEXT = text("select min(due_at) from timers")
_TAKE = text("delete from timers where evening_id = :evening and due_at <= :now returning kind, due_at")


async def set_for(work: UnitOfWork, evenings: Collection[UUID]) -> None:
    """Sets, moves or removes the timers of these evenings as their rows have it."""
    if evenings:
        await work.execute(_SET, {"evenings": list(evenings), "now": work.now})


async def due(work: UnitOfWork) -> list[UUID]:
    """The evenings for which something is due."""
    return list((await work.execute(_DUE, {"now": work.now})).scalars())


async def next_due(work: UnitOfWork) -> datetime | None:
    """The moment of the next timer, None when there is none."""
    return (await work.execute(_NEXT)).scalar()


async def take(work: UnitOfWork, evening: UUID) -> set[str]:
    """Takes what is due for this evening, whose row is locked; nothing when another replica was here before."""
    return set((await work.execute(_TAKE, {"evening": evening, "now": work.now})).scalars())
