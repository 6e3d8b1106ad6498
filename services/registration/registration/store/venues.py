"""The five houses."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_ALL = "select slug, name, address, entrance_nl, entrance_en, version from venues"
_LIST = text(f"{_ALL} order by slug")
_LOCK = text(f"{_ALL} where slug = :slug for update")
_SAVE = text(
    """
    update venues
    set name = :name, address = :address, entrance_nl = :entrance_nl, entrance_en = :entrance_en, version = :version
    where slug = :slug
    """
)


@dataclass(frozen=True, slots=True)
class VenueRecord:
    """A venue as people find it; the entrance notes are in both languages."""

    slug: str
    name: str
    address: str
    entrance_nl: str
    entrance_en: str
    version: int


async def all_venues(work: UnitOfWork) -> list[VenueRecord]:
    """All of them, by slug."""
    return [_venue(row) for row in await work.execute(_LIST)]


async def lock(work: UnitOfWork, slug: str) -> VenueRecord | None:
    """The venue with this slug; nobody else changes it until the transaction ends."""
    row = (await work.execute(_LOCK, {"slug": slug})).one_or_none()
    return _venue(row) if row is not None else None


async def save(work: UnitOfWork, venue: VenueRecord) -> None:
    """Writes a venue that is locked."""
    await work.execute(_SAVE, {name: getattr(venue, name) for name in VenueRecord.__slots__})


def _venue(row: Any) -> VenueRecord:
    return VenueRecord(*row)
