"""Partners and their contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_COLUMNS = "slug, name, places, language, contact_email, starts_on, ends_on, version"

_ADD = text(
    f"""
    insert into partners ({_COLUMNS}, registered_at)
    values (:slug, :name, :places, :language, :contact_email, :starts_on, :ends_on, :version, :now)
    on conflict (slug) do nothing returning slug
    """  # noqa: S608 - a constant
)
_FIND = text(f"select {_COLUMNS}, active from partners where slug = :slug")  # noqa: S608 - a constant
_PAGE = text(
    f"""
    select {_COLUMNS}, active from partners
    where cast(:after as text) is null or slug > cast(:after as text) order by slug limit :limit
    """  # noqa: S608 - a constant
)
_SLUGS = text("select slug from partners")


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner; `active` of its `places` are taken."""

    slug: str
    name: str
    places: int
    language: str
    contact_email: str | None
    starts_on: date
    ends_on: date
    version: int
    active: int = 0


async def add(work: UnitOfWork, partner: Partner) -> bool:
    """Writes a new partner; False when its slug is taken. Waits for a transaction that is about to take it."""
    values = {name: getattr(partner, name) for name in _COLUMNS.split(", ")}
    return (await work.execute(_ADD, {**values, "now": work.now})).first() is not None


async def find(work: UnitOfWork, slug: str) -> Partner | None:
    """The partner with this slug."""
    row = (await work.execute(_FIND, {"slug": slug})).one_or_none()
    return _partner(row) if row is not None else None


async def page(work: UnitOfWork, *, after: str | None, limit: int) -> list[Partner]:
    """At most `limit` partners with a slug after `after`, in the order of their slugs."""
    return [_partner(row) for row in await work.execute(_PAGE, {"after": after, "limit": limit})]


async def slugs(work: UnitOfWork) -> Sequence[str]:
    """The slugs of all partners."""
    return (await work.execute(_SLUGS)).scalars().all()


def _partner(row: Any) -> Partner:
    return Partner(*row)
