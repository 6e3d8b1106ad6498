"""The weeks of partners in numbers. Who these numbers are made of is in no letter."""

from datetime import date, timedelta

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.weeks import Week
from notifications.rendering.models import Digest, DigestEvening

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
# One statement, so that all numbers of a letter are of one moment.
_NUMBERS = text(
    """
    select places, people.*, evenings.*
    from partners,
        lateral (
            select count(*) filter (where joined_on between :monday and :sunday) as joined,
                count(*) filter (where left_on between :monday and :sunday) as gone,
                count(*) filter (
                    where joined_on <= :sunday and coalesce(starts_on <= :sunday, true)
                        and coalesce(left_on > :sunday, true)
                ) as taking_part
            from contacts where partner = :partner
        ) as people,
        lateral (
            select coalesce(jsonb_agg(to_jsonb(each) order by each.starts_at), '[]') as evenings
            from (
                select evenings.details -> 'title' as title, evenings.details ->> 'venue' as venue,
                    evenings.starts_at, evenings.cancelled,
                    count(*) filter (where tickets.standing in ('issued', 'admitted')) as seats,
                    count(*) filter (where tickets.standing = 'admitted') as admitted,
                    count(*) filter (where tickets.standing = 'waitlisted') as waiting
                from evenings
                join tickets on tickets.evening_id = evenings.evening_id
                join contacts on contacts.participant_id = tickets.participant_id
                where contacts.partner = :partner and evenings.day between :monday and :until
                group by evenings.evening_id
            ) as each
        ) as evenings
    where slug = :partner
    """
)


async def partners_to_write_to(work: UnitOfWork, week: Week) -> dict[str, bool]:
    """The partners of this week that have no digest of it yet, and whether they have a contact to write to."""
    parameters = {"monday": week.monday, "sunday": week.sunday, "told_at": week.told_at}
    return {row.slug: row.has_contact for row in await work.execute(_WRITTEN_TO, parameters)}


async def digest(work: UnitOfWork, partner: str, monday: date) -> Digest:
    """The week of a partner that began on this day, as it can be counted now."""
    week = Week(monday)
    parameters = {"partner": partner, "monday": week.monday, "sunday": week.sunday, "until": week.sunday + AHEAD}
    numbers = (await work.execute(_NUMBERS, parameters)).one()
    return Digest(
        first_day=week.monday,
        last_day=week.sunday,
        joined=numbers.joined,
        left=numbers.gone,
        taking_part=numbers.taking_part,
        places=numbers.places,
        evenings=[DigestEvening.model_validate(each) for each in numbers.evenings],
    )
