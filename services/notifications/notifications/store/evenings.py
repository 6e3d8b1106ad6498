"""Evenings as registration last published them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Evening, EveningCancelled, local_day
from culture_connect.messaging import UnitOfWork

# An evening that other events mention first gets a row of version 0, so that there is something to lock.
_INSERT_UNKNOWN = text(
    """
    insert into evenings (evening_id, version, cancelled)
    select evening_id, 0, false from unnest(cast(:evening_ids as uuid[])) as given (evening_id) order by evening_id
    on conflict (evening_id) do nothing
    """
)
_LOCK = "select evening_id, version, cancelled, details from evenings where evening_id = any(:evening_ids)"
_FOR_UPDATE = text(f"{_LOCK} order by evening_id for update")
# So that a change or a cancellation waits until what is being planned is there to be found.
_FOR_SHARE = text(f"{_LOCK} order by evening_id for share")
_SAVE = text(
    """
    update evenings
    set version = given.version, day = given.day, cancelled = given.cancelled, details = cast(given.details as jsonb),
        starts_at = given.starts_at, ends_at = given.ends_at
    from unnest(
        cast(:evening_ids as uuid[]), cast(:versions as integer[]), cast(:days as date[]),
        cast(:cancelled as boolean[]), cast(:details as text[]), cast(:starts_at as timestamptz[]),
        cast(:ends_at as timestamptz[])
    ) as given (evening_id, version, day, cancelled, details, starts_at, ends_at)
    where evenings.evening_id = given.evening_id
    """
)
_KEEP_VERSIONS = text(
    """
    insert into evening_versions (evening_id, version, told_at, details)
    select evening_id, version, :now, cast(details as jsonb)
    from unnest(cast(:evening_ids as uuid[]), cast(:versions as integer[]), cast(:details as text[]))
        as given (evening_id, version, details)
    on conflict do nothing
    """
)


@dataclass(frozen=True, slots=True)
class KnownEvening:
    """An evening as it was last published; version 0 and no details for one that is not known yet."""

    version: int
    cancelled: bool
    details: Mapping[str, Any] | None


async def lock(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[UUID, KnownEvening]:
    """Returns what is known of these evenings; nobody else reads or changes them in this transaction."""
    return await _locked(work, evening_ids, exclusively=True)


async def lock_shared(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[UUID, KnownEvening]:
    """Returns what is known of these evenings; nobody changes them in this transaction."""
    return await _locked(work, evening_ids, exclusively=False)


async def save(work: UnitOfWork, changed: Sequence[Evening]) -> None:
    """Saves these evenings, one row each; the caller has compared the versions."""
    rows = {
        "evening_ids": [evening.evening_id for evening in changed],
        "versions": [evening.version for evening in changed],
        "details": [evening.model_dump_json() for evening in changed],
    }
    more = {
        "days": [local_day(evening.starts_at) for evening in changed],
        "cancelled": [isinstance(evening, EveningCancelled) for evening in changed],
        "starts_at": [evening.starts_at for evening in changed],
        "ends_at": [evening.ends_at for evening in changed],
    }
    await work.execute(_SAVE, rows | more)
    await work.execute(_KEEP_VERSIONS, rows | {"now": work.now})


async def _locked(work: UnitOfWork, evening_ids: Sequence[UUID], *, exclusively: bool) -> Mapping[UUID, KnownEvening]:
    ids = {"evening_ids": list(evening_ids)}
    await work.execute(_INSERT_UNKNOWN, ids)
    rows = await work.execute(_FOR_UPDATE if exclusively else _FOR_SHARE, ids)
    return {row.evening_id: KnownEvening(row.version, row.cancelled, row.details) for row in rows}
