"""Evenings as registration told them: their rows, which are the locks of their seats, and what hangs on their times."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.tickets import LockedEvening

# Also those that have just begun: somebody may be getting a ticket in a transaction that began before them.
_LOCK = text(
    """
    select evening_id, version, not cancelled and starts_at > :now as is_open
    from evenings where evening_id = any(:ids)
    or (:and_open and starts_at > cast(:now as timestamptz) - interval '10 minutes' and not cancelled)
    order by evening_id for no key update
    """
)
_LOCK_ONE = text(
    """
    select evening_id, venue, day, starts_at, cancelled from evenings where evening_id = :evening for no key update
    """
)
_TELL = text(
    """
    insert into evenings (
        evening_id, venue, season, day, starts_at, release_at, closes_at, capacity, admission, cancelled, version,
        details
    )
    select evening_id, venue, season, day, starts_at, release_at, closes_at, capacity, admission, cancelled, version,
        details::jsonb
    from unnest(
        cast(:evening_id as uuid[]), cast(:venue as text[]), cast(:season as text[]), cast(:day as date[]),
        cast(:starts_at as timestamptz[]), cast(:release_at as timestamptz[]), cast(:closes_at as timestamptz[]),
        cast(:capacity as int[]), cast(:admission as text[]), cast(:cancelled as boolean[]), cast(:version as int[]),
        cast(:details as text[])
    ) as told (
        evening_id, venue, season, day, starts_at, release_at, closes_at, capacity, admission, cancelled, version,
        details
    )
    on conflict (evening_id) do update
    set venue = excluded.venue, season = excluded.season, day = excluded.day, starts_at = excluded.starts_at,
        release_at = excluded.release_at, closes_at = excluded.closes_at, capacity = excluded.capacity,
        admission = excluded.admission, cancelled = excluded.cancelled, version = excluded.version,
        details = excluded.details
    """
)


@dataclass(frozen=True, slots=True)
class EveningVersion:
    """An evening that was told; open while it is neither cancelled nor begun."""

    evening_id: UUID
    version: int
    is_open: bool


async def lock(work: UnitOfWork, ids: Collection[UUID], *, and_open: bool = False) -> list[EveningVersion]:
    """Locks the evenings with these ids, and with `and_open` all that are open or just were, until the end.

    Always in the order of their ids, so that transactions wait for each other instead of deadlocking.
    """
    rows = await work.execute(_LOCK, {"ids": list(ids), "and_open": and_open, "now": work.now})
    return [EveningVersion(**row) for row in rows.mappings()]


async def lock_one(work: UnitOfWork, evening_id: UUID) -> LockedEvening | None:
    """Locks one evening until the transaction ends; None when it was never told of."""
    row = (await work.execute(_LOCK_ONE, {"evening": evening_id})).mappings().one_or_none()
    return LockedEvening(**row) if row else None


async def tell(work: UnitOfWork, evenings: Sequence[Mapping[str, Any]]) -> None:
    """Writes evenings, each once, whose rows are locked or new."""
    if evenings:
        await work.execute(_TELL, {field: [row[field] for row in evenings] for field in evenings[0]})
