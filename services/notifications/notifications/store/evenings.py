"""The evenings that letters tell of."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Evening, EveningCancelled
from culture_connect.messaging import UnitOfWork
from notifications.domain.days import local_day

_TELL = text(
    """
    insert into evenings as known (evening_id, version, day, cancelled, details)
    select evening_id, version, day, cancelled, cast(details as jsonb)
    from unnest(
        cast(:evening_ids as uuid[]), cast(:versions as integer[]), cast(:days as date[]),
        cast(:cancelled as boolean[]), cast(:details as text[])
    ) as news (evening_id, version, day, cancelled, details)
    order by evening_id
    on conflict (evening_id) do update
    set version = excluded.version, day = excluded.day, cancelled = excluded.cancelled, details = excluded.details
    where known.version < excluded.version
    """
)

# Locked, so that a cancellation waits until what is being planned is there to be dropped.
_CANCELLED = text(
    """
    select evening_id, cancelled from evenings
    where evening_id = any(:evening_ids) order by evening_id for share
    """
)


async def tell(work: UnitOfWork, news: Sequence[Evening]) -> None:
    """Takes over each evening unless a later version is known; one row per evening."""
    await work.execute(
        _TELL,
        {
            "evening_ids": [evening.evening_id for evening in news],
            "versions": [evening.version for evening in news],
            "days": [local_day(evening.starts_at) for evening in news],
            "cancelled": [isinstance(evening, EveningCancelled) for evening in news],
            "details": [evening.model_dump_json() for evening in news],
        },
    )


async def cancelled_among(work: UnitOfWork, evening_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the evenings that are cancelled; none that is known changes until this transaction ends."""
    rows = await work.execute(_CANCELLED, {"evening_ids": list(evening_ids)})
    return frozenset(row.evening_id for row in rows if row.cancelled)
