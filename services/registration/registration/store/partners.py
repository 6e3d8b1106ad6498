"""Partners and their contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_COLUMNS = "slug, name, places, language, contact_email, starts_on, ends_on, version"
_ALL = f"{_COLUMNS}, active, left_at, on_bus"

_ADD = text(
    f"""
    insert into partners ({_COLUMNS}, registered_at)
    values (:slug, :name, :places, :language, :contact_email, :starts_on, :ends_on, :version, :now)
    on conflict (slug) do nothing returning slug
    """  # noqa: S608 - a constant
)
_SAVE = text(
    """
    update partners
    set name = :name, places = :places, language = :language, contact_email = :contact_email, starts_on = :starts_on,
        ends_on = :ends_on, version = :version, left_at = :left_at
    where slug = :slug
    """
)
_FIND = text(f"select {_ALL} from partners where slug = :slug")  # noqa: S608 - a constant
# No stronger lock than needed: rows of participants refer to this one.
_LOCK = text(f"{_FIND.text} for no key update")
_PAGE = text(
    f"""
    select {_ALL} from partners
    where (cast(:after as text) is null or slug > cast(:after as text))
      and (cast(:among as text[]) is null or slug = any(cast(:among as text[])))
    order by slug limit :limit
    """  # noqa: S608 - a constant
)
_SLUGS = text("select slug from partners")
_HEARD = text("update partners set on_bus = true where slug = :slug and on_bus is distinct from true")
# Not waiting for a partner that is locked, maybe for a long file: whoever asks will ask again.
_ON_BUS = text(
    """
    update partners set on_bus = told.on_bus
    from unnest(cast(:slugs as text[]), cast(:on_bus as boolean[])) as told (slug, on_bus)
    where partners.slug = told.slug and partners.slug in (
        select slug from partners where slug = any(:slugs) for no key update skip locked
    )
    returning partners.slug
    """
)


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner; `active` of its `places` are taken. `on_bus` tells whether its HR system has queues there."""

    slug: str
    name: str
    places: int
    language: str
    contact_email: str | None
    starts_on: date
    ends_on: date
    version: int
    active: int = 0
    left_at: datetime | None = None
    on_bus: bool | None = None


async def add(work: UnitOfWork, partner: Partner) -> bool:
    """Writes a new partner; False when its slug is taken. Waits for a transaction that is about to take it."""
    values = {name: getattr(partner, name) for name in _COLUMNS.split(", ")}
    return (await work.execute(_ADD, {**values, "now": work.now})).first() is not None


async def save(work: UnitOfWork, partner: Partner) -> None:
    """Writes a partner that is locked."""
    values = {name: getattr(partner, name) for name in _COLUMNS.split(", ")}
    await work.execute(_SAVE, {**values, "left_at": partner.left_at})


async def find(work: UnitOfWork, slug: str) -> Partner | None:
    """The partner with this slug."""
    row = (await work.execute(_FIND, {"slug": slug})).one_or_none()
    return _partner(row) if row is not None else None


async def lock(work: UnitOfWork, slug: str) -> Partner | None:
    """The partner with this slug; nobody else decides about it or its people until the transaction ends."""
    row = (await work.execute(_LOCK, {"slug": slug})).one_or_none()
    return _partner(row) if row is not None else None


async def page(work: UnitOfWork, *, after: str | None, limit: int, among: Sequence[str] | None = None) -> list[Partner]:
    """At most `limit` partners with a slug after `after`, in the order of their slugs; with `among`, only of these."""
    wanted = {"after": after, "limit": limit, "among": among if among is None else list(among)}
    return [_partner(row) for row in await work.execute(_PAGE, wanted)]


async def slugs(work: UnitOfWork) -> Sequence[str]:
    """The slugs of all partners, those that left included: their systems get answers still."""
    return (await work.execute(_SLUGS)).scalars().all()


async def heard_on_bus(work: UnitOfWork, slug: str) -> None:
    """Notes that a message of this partner came over the bus."""
    await work.execute(_HEARD, {"slug": slug})


async def note_on_bus(work: UnitOfWork, on_bus: Mapping[str, bool]) -> Sequence[str]:
    """Notes which partners have accounts on the bus, and so queues for what they did not ask, and which have none.

    Returns those that are noted; others are locked at the moment.
    """
    if not on_bus:
        return []
    return (await work.execute(_ON_BUS, {"slugs": list(on_bus), "on_bus": list(on_bus.values())})).scalars().all()


def _partner(row: Any) -> Partner:
    return Partner(*row)
