"""The weeks of partners in numbers. Who these numbers are made of is in no letter."""

from datetime import date, timedelta

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.weeks import Week
from notifications.rendering.contents import Digest, DigestEvening

AHEAD = timedelta(days=21)  # evenings so long after the week are in its digest

_WRITTEN_TO = text(
    """
    select slug, contact_email is not null as has_contact from partners
    where not has_left and coalesce(starts_on, :sunday) <= :sunday and coalesce(ends_on, :monday) >= :monday
        and not exists (
            select from letters
            where letters.partner = partners.slug and kind = 'digest' and wanted_at >= :told_at
        )
    order by slug
    """
)
_PEOPLE = text(
    """
    select count(*) filter (where joined_on between :monday and :sunday) as joined,
        count(*) filter (where left_on between :monday and :sunday) as gone,
        count(*) filter (
            where joined_on <= :sunday and coalesce(starts_on <= :sunday, true) and coalesce(left_on > :sunday, true)
        ) as taking_part
    from contacts where partner = :partner
    """
)
_EVENINGS = text(
    """
    select evenings.details -> 'title' as title, evenings.details ->> 'venue' as venue, evenings.starts_at,
        evenings.cancelled,
        count(*) filter (where tickets.standing in ('issued', 'admitted')) as seats,
        count(*) filter (where tickets.standing = 'admitted') as admitted,
        count(*) filter (where tickets.standing = 'waitlisted') as waiting
    from evenings
    join tickets on tickets.evening_id = evenings.evening_id
    join contacts on contacts.participant_id = tickets.participant_id
    where contacts.partner = :partner and evenings.day between :monday and :until
    group by evenings.evening_id
    order by evenings.starts_at
    """
)


async def partners_to_write_to(work: UnitOfWork, week: Week) -> dict[str, bool]:
    """The partners of this week that have no digest of it yet, and whether they have a contact to write to."""
    parameters = {"monday": week.monday, "sunday": week.sunday, "told_at": week.told_at}
    return {row.slug: row.has_contact for row in await work.execute(_WRITTEN_TO, parameters)}


async def digest(work: UnitOfWork, partner: str, places: int, monday: date) -> Digest:
    """The week of a partner that began on this day, as it can be counted now."""
    week = Week(monday)
    days = {"partner": partner, "monday": week.monday, "sunday": week.sunday}
    people = (await work.execute(_PEOPLE, days)).one()
    rows = (
        await work.execute(_EVENINGS, {"partner": partner, "monday": week.monday, "until": week.sunday + AHEAD})
    ).mappings()
    return Digest(
        first_day=week.monday,
        last_day=week.sunday,
        joined=people.joined,
        left=people.gone,
        taking_part=people.taking_part,
        places=places,
        evenings=[DigestEvening.model_validate(dict(row)) for row in rows],
    )
