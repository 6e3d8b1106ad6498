"""Allotments of evenings, and the contracts they follow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rows import fetch_all

# "Until the release" they follow the contracts. What was set by hand holds always; what was never calculated is,
# once, also after the release.
_ADJUSTABLE = text(
    """
    select evening_id, season, capacity, case
        when jsonb_typeof(details -> 'allotments') = 'object' then details -> 'allotments'
    end as by_hand
    from evenings
    where evening_id = any(:evenings) and not cancelled
    and (:now < release_at or not allotted or jsonb_typeof(details -> 'allotments') = 'object')
    """
)
# A contract without days is one without end.
_PLACES = text(
    """
    select season, slug, places
    from unnest(cast(:seasons as text[]), cast(:first as date[]), cast(:last as date[])) as each (season, first, last)
    join partners on not has_left and (starts_on is null or starts_on <= last) and (ends_on is null or ends_on >= first)
    """
)
_SAVE = text(
    """
    with new as (
        select * from unnest(cast(:evenings as uuid[]), cast(:partners as text[]), cast(:seats as int[]))
            as new (evening_id, partner, allotment)
    ),
    gone as (
        update shares set allotment = 0
        where evening_id = any(:all) and allotment > 0
        and not exists (select from new where (new.evening_id, new.partner) = (shares.evening_id, shares.partner))
    ),
    allotted as (update evenings set allotted = true where evening_id = any(:all) and not allotted)
    insert into shares (evening_id, partner, allotment) select * from new
    on conflict (evening_id, partner) do update set allotment = excluded.allotment
    where shares.allotment <> excluded.allotment
    """
)


@dataclass(frozen=True, slots=True)
class AllotmentBasis:
    """An evening whose allotments are to be calculated: `by_hand`, or from the contracts of its season."""

    evening_id: UUID
    season: str
    capacity: int
    by_hand: Mapping[str, int] | None


async def adjustable(work: UnitOfWork, evenings: Collection[UUID]) -> list[AllotmentBasis]:
    """Returns those of the evenings whose allotments are not fixed yet."""
    return await fetch_all(work, AllotmentBasis, _ADJUSTABLE, {"evenings": list(evenings), "now": work.now})


async def contracted_places(work: UnitOfWork, seasons: Mapping[str, tuple[date, date]]) -> dict[str, dict[str, int]]:
    """Returns by season the places of each partner with a contract on any of its days, first and last, in `seasons`."""
    rows = await work.execute(
        _PLACES,
        {
            "seasons": list(seasons),
            "first": [first for first, _ in seasons.values()],
            "last": [last for _, last in seasons.values()],
        },
    )
    found: dict[str, dict[str, int]] = {season: {} for season in seasons}
    for row in rows:
        found[row.season][row.slug] = row.places
    return found


async def save(work: UnitOfWork, allotments: Mapping[UUID, Mapping[str, int]]) -> None:
    """Writes the allotments of these evenings; partners that are not named have none."""
    rows = [(evening, partner, seats) for evening, shares in allotments.items() for partner, seats in shares.items()]
    await work.execute(
        _SAVE,
        {
            "all": list(allotments),
            "evenings": [evening for evening, _, _ in rows],
            "partners": [partner for _, partner, _ in rows],
            "seats": [seats for _, _, seats in rows],
        },
    )
