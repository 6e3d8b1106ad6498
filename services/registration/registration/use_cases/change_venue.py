"""Changes how people find a venue."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from culture_connect.messaging import UnitOfWork
from registration.domain.errors import Unknown, expect_version
from registration.store import venues
from registration.store.venues import VenueRecord


async def change_venue(
    work: UnitOfWork, slug: str, changes: Mapping[str, Any], expected: frozenset[int] | None
) -> VenueRecord:
    """Changes these fields; `expected` are the versions it may have (None: any). Raises Unknown or Outdated."""
    before = await venues.lock(work, slug)
    if before is None:
        raise Unknown("venue")
    expect_version(before.version, expected)
    venue = replace(before, **changes)
    if venue == before:
        return before
    venue = replace(venue, version=before.version + 1)
    await venues.save(work, venue)
    return venue
