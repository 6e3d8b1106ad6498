"""The programme of evenings."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from culture_connect.contracts import Evening, Localised
from culture_connect.messaging import UnitOfWork

_ADD = text(
    """
    insert into evenings (evening_id, season, venue, day, starts_at, details, version)
    values (:evening_id, :season, :venue, :day, :starts_at, :details, :version)
    on conflict (season, day) where cancelled_at is null do nothing returning evening_id
    """
).bindparams(bindparam("details", type_=JSONB))

_FIND = text("select details, version, cancelled_at, reason from evenings where evening_id = :evening_id")
_LOCK = text(f"{_FIND.text} for update")
# The index that keeps days apart is asked first, since a failed statement would end the transaction.
_SAVE = text(
    """
    update evenings
    set season = :season, day = :day, starts_at = :starts_at, details = :details, version = :version
    where evening_id = :evening_id and not exists (
        select from evenings as other
        where season = :season and day = :day and cancelled_at is null and evening_id <> :evening_id
    )
    returning evening_id
    """
).bindparams(bindparam("details", type_=JSONB))
_CANCEL = text(
    """
    update evenings set version = :version, cancelled_at = :now, reason = :reason where evening_id = :evening_id
    """
).bindparams(bindparam("reason", type_=JSONB(none_as_null=True)))

# Two that come to the same day at the same moment: the second sees the first.
_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('days of a season'), hashtext(:season))")
_PAGE = text(
    """
    select details, version, cancelled_at, reason from evenings
    where (cast(:season as text) is null or season = cast(:season as text))
      and (cast(:starts_at as timestamptz) is null
           or (starts_at, evening_id) > (cast(:starts_at as timestamptz), cast(:evening_id as uuid)))
    order by starts_at, evening_id limit :limit
    """
)
_UNKNOWN_PARTNERS = text(
    "select slug from unnest(cast(:slugs as text[])) as named (slug)"
    " where slug not in (select slug from partners) order by slug"
)


@dataclass(frozen=True, slots=True)
class Planned:
    """An evening, and whether it was called off."""

    evening: Evening
    cancelled_at: datetime | None = None
    reason: Localised | None = None


async def add(work: UnitOfWork, evening: Evening, day: date) -> bool:
    """Writes a new evening; False when its season has an evening on that day (The Hague) already."""
    await work.execute(_ONE_AT_A_TIME, {"season": evening.season})
    added = await work.execute(_ADD, {**_columns(evening, day), "venue": evening.venue.value})
    return added.first() is not None


async def save(work: UnitOfWork, evening: Evening, day: date) -> bool:
    """Writes an evening that is locked; False when its season has another evening on that day (The Hague)."""
    await work.execute(_ONE_AT_A_TIME, {"season": evening.season})
    return (await work.execute(_SAVE, _columns(evening, day))).first() is not None


async def find(work: UnitOfWork, evening_id: UUID, *, lock: bool = False) -> Planned | None:
    """The evening with this id; with `lock` nobody else changes it until the transaction ends."""
    rows = await work.execute(_LOCK if lock else _FIND, {"evening_id": evening_id})
    row = rows.one_or_none()
    return _planned(row) if row is not None else None


async def cancel(work: UnitOfWork, planned: Planned) -> None:
    """Writes that this evening is called off."""
    await work.execute(
        _CANCEL,
        {
            "evening_id": planned.evening.evening_id,
            "version": planned.evening.version,
            "now": planned.cancelled_at,
            "reason": planned.reason.model_dump() if planned.reason else None,
        },
    )


async def page(
    work: UnitOfWork, *, season: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Planned]:
    """At most `limit` evenings of the season, or of all, that come after this start and id, in that order."""
    starts_at, evening_id = after or (None, None)
    rows = await work.execute(
        _PAGE, {"season": season, "starts_at": starts_at, "evening_id": evening_id, "limit": limit}
    )
    return [_planned(row) for row in rows]


async def unknown_partners(work: UnitOfWork, slugs: Collection[str]) -> list[str]:
    """Returns which of these slugs belong to no partner."""
    return list((await work.execute(_UNKNOWN_PARTNERS, {"slugs": list(slugs)})).scalars())


def _columns(evening: Evening, day: date) -> dict[str, Any]:
    return {
        "evening_id": evening.evening_id,
        "season": evening.season,
        "day": day,
        "starts_at": evening.starts_at,
        "details": evening.model_dump(mode="json", exclude={"version"}),
        "version": evening.version,
    }


def _planned(row: Any) -> Planned:
    details, version, cancelled_at, reason = row
    evening = Evening(**details, version=version)
    return Planned(evening, cancelled_at, Localised(**reason) if reason else None)
