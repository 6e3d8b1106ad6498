"""Partners as registration last published them, and their weeks in numbers: no digest names a participant."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import text

from culture_connect.contracts import PartnerChanged, PartnerLeft, PartnerRegistered
from culture_connect.messaging import UnitOfWork
from notifications.contents import Digest, DigestEvening
from notifications.domain.schedule import Week

PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft
AHEAD = timedelta(days=21)  # evenings so long after the week are in its digest

# A new contact is another person, who has switched nothing off.
_SAVE = text(
    """
    insert into partners as known
        (slug, version, name, language, places, contact_email, starts_on, ends_on, has_left)
    select slug, version, name, language, places, contact_email, starts_on, ends_on, has_left
    from unnest(
        cast(:slugs as text[]), cast(:versions as integer[]), cast(:names as text[]), cast(:languages as text[]),
        cast(:places as integer[]), cast(:contact_emails as text[]), cast(:starts_on as date[]),
        cast(:ends_on as date[]), cast(:has_left as boolean[])
    ) as given (slug, version, name, language, places, contact_email, starts_on, ends_on, has_left)
    order by slug
    on conflict (slug) do update
    set version = excluded.version, name = excluded.name, language = excluded.language, places = excluded.places,
        contact_email = excluded.contact_email, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
        has_left = excluded.has_left,
        unsubscribe = case when known.contact_email is distinct from excluded.contact_email
            then gen_random_uuid() else known.unsubscribe end,
        digest_off_at = case when known.contact_email is not distinct from excluded.contact_email
            then known.digest_off_at end
    where known.version < excluded.version
    """
)
_QUEUE = text(
    """
    update letters set domain = given.domain
    from (
        select slug, lower(substring(contact_email from '[^@]*$')) as domain from partners where slug = any(:slugs)
    ) as given
    where letters.partner = given.slug and letters.state in ('planned', 'sending')
        and letters.domain is distinct from given.domain
    """
)
_WITHOUT_DIGEST = text(
    """
    select slug, contact_email is not null as has_contact from partners
    where not has_left and coalesce(starts_on, :sunday) <= :sunday and coalesce(ends_on, :monday) >= :monday
        and not exists (
            select from letters
            where letters.partner = partners.slug and kind = 'digest' and wanted_at >= :due_at
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


async def save(work: UnitOfWork, latest: Sequence[PartnerEvent]) -> None:
    """Saves each partner unless a later version is known; one row per partner."""
    await work.execute(
        _SAVE,
        {
            "slugs": [partner.slug for partner in latest],
            "versions": [partner.version for partner in latest],
            "names": [partner.name for partner in latest],
            "languages": [str(partner.language) for partner in latest],
            "places": [partner.places for partner in latest],
            "contact_emails": [partner.contact_email for partner in latest],
            "starts_on": [partner.starts_on for partner in latest],
            "ends_on": [partner.ends_on for partner in latest],
            "has_left": [isinstance(partner, PartnerLeft) for partner in latest],
        },
    )
    await work.execute(_QUEUE, {"slugs": [partner.slug for partner in latest]})


async def without_digest(work: UnitOfWork, week: Week) -> dict[str, bool]:
    """Returns the partners of this week that have no digest of it yet; True for those that have a contact."""
    parameters = {"monday": week.monday, "sunday": week.sunday, "due_at": week.due_at}
    return {row.slug: row.has_contact for row in await work.execute(_WITHOUT_DIGEST, parameters)}


async def digest(work: UnitOfWork, partner: str, monday: date) -> Digest:
    """Returns the week of a partner that began on this day, counted now."""
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
