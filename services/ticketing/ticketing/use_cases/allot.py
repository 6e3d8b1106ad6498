"""Working out the allotments of evenings whenever contracts, capacities or seats set by hand change."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.allotments import allot
from ticketing.domain.seasons import days_of
from ticketing.store import allotments


async def allot_seats(work: UnitOfWork, evenings: Collection[UUID]) -> None:
    """Brings the allotments of these evenings, whose rows are locked, up to date where they may still change."""
    following = await allotments.following(work, evenings) if evenings else []
    if not following:
        return
    seasons: dict[str, tuple[date, date]] = {each.season: days_of(each.season) for each in following}
    places = await allotments.contracted_places(work, seasons)
    await allotments.write(
        work,
        {
            each.evening_id: each.by_hand if each.by_hand is not None else allot(each.capacity, places[each.season])
            for each in following
        },
    )
