"""Evenings as registration published them; their rows are the locks of their seats."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import EveningCancelled, EveningChanged, EveningScheduled, local_day
from culture_connect.messaging import UnitOfWork
from ticketing.domain.tickets import LockedEvening
from ticketing.store.rows import columns_of, fetch_all, fetch_one

EveningEvent = EveningScheduled | EveningChanged | EveningCancelled

# The fields of the message that are columns under the same name.
_COPIED = ("evening_id", "venue", "season", "starts_at", "release_at", "closes_at", "capacity", "admission", "version")
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
_SAVE = text(
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
    ) as new (
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
    """A known evening; open while it is neither cancelled nor begun."""

    evening_id: UUID
    version: int
    is_open: bool


async def lock(work: UnitOfWork, ids: Collection[UUID], *, and_open: bool = False) -> list[EveningVersion]:
    """Locks the evenings with these ids, and with `and_open` all that are open or just were.

    They stay locked until the transaction ends. Always in the order of their ids, so that transactions wait for each
    other instead of deadlocking.
    """
    return await fetch_all(work, EveningVersion, _LOCK, {"ids": list(ids), "and_open": and_open, "now": work.now})


async def lock_one(work: UnitOfWork, evening_id: UUID) -> LockedEvening | None:
    """Locks one evening until the transaction ends; None when it is not known."""
    return await fetch_one(work, LockedEvening, _LOCK_ONE, {"evening": evening_id})


async def save(work: UnitOfWork, messages: Sequence[EveningEvent]) -> None:
    """Writes evenings, each once, whose rows are locked or new."""
    if not messages:
        return
    parameters = {
        **columns_of(messages, _COPIED),
        "day": [local_day(message.starts_at) for message in messages],
        "cancelled": [isinstance(message, EveningCancelled) for message in messages],
        "details": [message.to_json().decode() for message in messages],
    }
    await work.execute(_SAVE, parameters)
