"""Terms that end with a new day, and people to be forgotten.

The rows of participants are the timers: durable, and moved by whatever changes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

# A day that HR announced is published already. A term that just ends (`ends_on`) is published now, as a version of its
# own.
_END = text(
    """
    with due as (
        select participant_id, least(leaves_on, ends_on + 1) as day,
            leaves_on is null or coalesce(leaves_on > ends_on + 1, false) as unpublished
        from participants
        where partner = :partner and standing = 'enrolled' and coalesce(leaves_on, ends_on) is not null
          and least(leaves_on, ends_on + 1) <= :today
    )
    update participants
    set standing = 'withdrawn', changed_at = :now, leaves_on = due.day,
        version = version + cast(due.unpublished as integer)
    from due where participants.participant_id = due.participant_id
    returning participants.participant_id, due.day, participants.version, due.unpublished
    """
)
_ENDING = text(
    """
    select slug from partners where exists (
        select from participants
        where partner = slug and standing = 'enrolled' and coalesce(leaves_on, ends_on) is not null
          and least(leaves_on, ends_on + 1) <= :today
    )
    order by slug
    """
)
# Of a partner whose contract ended so long ago, everybody; of others, who withdrew by then. An index serves either.
_WITH_FORGOTTEN = text(
    """
    select slug from partners
    where exists (
        select from participants where partner = slug and standing = 'withdrawn' and leaves_on <= :first
    )
    or ends_on <= :last and exists (
        select from participants where partner = slug and standing <> 'erased' and employee_ref is not null
    )
    order by slug
    """
)
_FORGOTTEN_OF = text(
    """
    select employee_ref from participants join partners on slug = partner
    where slug = :partner and standing <> 'erased' and employee_ref is not null
      and (standing = 'withdrawn' and leaves_on <= :first or partners.ends_on <= :last)
    limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class Ended:
    """Somebody whose last day was the one before `leaves_on`; `published` says that the others know it already."""

    participant_id: UUID
    leaves_on: date
    version: int
    published: bool


async def end_terms(work: UnitOfWork, partner: str, today: date) -> list[Ended]:
    """Withdraws everyone of a locked partner who no longer takes part today (the day in The Hague)."""
    rows = await work.execute(_END, {"partner": partner, "today": today, "now": work.now})
    return [Ended(row.participant_id, row.day, row.version, not row.unpublished) for row in rows]


async def partners_with_ending_terms(work: UnitOfWork, today: date) -> Sequence[str]:
    """The partners of whom somebody no longer takes part today and is still enrolled."""
    return (await work.execute(_ENDING, {"today": today})).scalars().all()


async def partners_with_forgotten(work: UnitOfWork, last: date) -> Sequence[str]:
    """The partners of whom somebody took part up to the day `last`, or shorter."""
    return (await work.execute(_WITH_FORGOTTEN, _until(last))).scalars().all()


async def forgotten_of(work: UnitOfWork, partner: str, last: date, limit: int) -> Sequence[str]:
    """Employee references of at most `limit` people of the partner who took part up to the day `last`, or shorter."""
    parameters = {"partner": partner, "limit": limit, **_until(last)}
    return (await work.execute(_FORGOTTEN_OF, parameters)).scalars().all()


def _until(last: date) -> dict[str, date]:
    return {"last": last, "first": last + timedelta(days=1)}
