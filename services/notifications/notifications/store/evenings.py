"""The evenings that letters tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Evening, EveningCancelled, local_day
from culture_connect.messaging import UnitOfWork

# An evening that others spoke of first gets a row of version 0, so that there is something to lock.
_ENTER = text(
    """
    insert into evenings (evening_id, version, cancelled)
    select evening_id, 0, false from unnest(cast(:evening_ids as uuid[])) as news (evening_id) order by evening_id
    on conflict (evening_id) do nothing
    """
)
_LOCK = "select evening_id, version, cancelled, details from evenings where evening_id = any(:evening_ids)"
_FOR_UPDATE = text(f"{_LOCK} order by evening_id for update")
# So that a change or a cancellation waits until what is being planned is there to be found.
_FOR_SHARE = text(f"{_LOCK} order by evening_id for share")
_TELL = text(
    """
    update evenings
    set version = news.version, day = news.day, cancelled = news.cancelled, details = cast(news.details as jsonb),
        starts_at = news.starts_at, ends_at = news.ends_at
    from unnest(
        cast(:evening_ids as uuid[]), cast(:versions as integer[]), cast(:days as date[]),
        cast(:cancelled as boolean[]), cast(:details as text[]), cast(:starts_at as timestamptz[]),
        cast(:ends_at as timestamptz[])
    ) as news (evening_id, version, day, cancelled, details, starts_at, ends_at)
    where evenings.evening_id = news.evening_id
    """
)
_KEEP_VERSIONS = text(
    """
    insert into evening_versions (evening_id, version, told_at, details)
    select evening_id, version, :now, cast(details as jsonb)
    from unnest(cast(:evening_ids as uuid[]), cast(:versions as integer[]), cast(:details as text[]))
        as news (evening_id, version, details)
    on conflict do nothing
    """
)


@dataclass(frozen=True, slots=True)
class KnownEvening:
    """An evening as it was last told; version 0 and no details for one that nobody told yet."""

    version: int
    cancelled: bool
    details: Mapping[str, Any] | None


async def lock(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[UUID, KnownEvening]:
    """What is known of these evenings; nobody else changes them until the transaction ends."""
    return await _locked(work, evening_ids, exclusively=True)


async def steady(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[UUID, KnownEvening]:
    """What is known of these evenings, which stay so until the transaction ends."""
    return await _locked(work, evening_ids, exclusively=False)


async def tell(work: UnitOfWork, news: Sequence[Evening]) -> None:
    """Takes over these evenings, one row each; the caller has compared the versions."""
    rows = {
        "evening_ids": [evening.evening_id for evening in news],
        "versions": [evening.version for evening in news],
        "details": [evening.model_dump_json() for evening in news],
    }
    more = {
        "days": [local_day(evening.starts_at) for evening in news],
        "cancelled": [isinstance(evening, EveningCancelled) for evening in news],
        "starts_at": [evening.starts_at for evening in news],
        "ends_at": [evening.ends_at for evening in news],
    }
    await work.execute(_TELL, rows | more)
    await work.execute(_KEEP_VERSIONS, rows | {"now": work.now})


async def _locked(work: UnitOfWork, evening_ids: Sequence[UUID], *, exclusively: bool) -> Mapping[UUID, KnownEvening]:
    ids = {"evening_ids": list(evening_ids)}
    await work.execute(_ENTER, ids)
    rows = await work.execute(_FOR_UPDATE if exclusively else _FOR_SHARE, ids)
    return {row.evening_id: KnownEvening(row.version, row.cancelled, row.details) for row in rows}
