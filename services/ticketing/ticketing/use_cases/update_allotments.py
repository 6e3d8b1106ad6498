"""The allotments of evenings, updated whenever contracts, capacities or seats set by hand change."""

from collections.abc import Collection
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.allotments import calculate_allotments, season_days
from ticketing.store import allotments


async def update_allotments(work: UnitOfWork, evenings: Collection[UUID]) -> None:
    """Brings the allotments of these evenings, whose rows are locked, up to date where they may still change."""
    adjustable = await allotments.adjustable(work, evenings) if evenings else []
    if not adjustable:
        return
    places = await allotments.contracted_places(work, {each.season: season_days(each.season) for each in adjustable})
    await allotments.save(
        work,
        {
            each.evening_id: calculate_allotments(each.capacity, places[each.season])
            if each.by_hand is None
            else each.by_hand
            for each in adjustable
        },
    )
