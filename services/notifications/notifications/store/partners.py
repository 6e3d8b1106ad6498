"""Partners as registration last told them, and their weeks in numbers."""

from collections.abc import Sequence

from sqlalchemy import text

from culture_connect.contracts import PartnerChanged, PartnerLeft, PartnerRegistered
from culture_connect.messaging import UnitOfWork

PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft

# A new contact is another person, who has switched nothing off.
_TELL = text(
    """
    insert into partners as known
        (slug, version, name, language, places, contact_email, starts_on, ends_on, has_left)
    select slug, version, name, language, places, contact_email, starts_on, ends_on, has_left
    from unnest(
        cast(:slugs as text[]), cast(:versions as integer[]), cast(:names as text[]), cast(:languages as text[]),
        cast(:places as integer[]), cast(:contact_emails as text[]), cast(:starts_on as date[]),
        cast(:ends_on as date[]), cast(:has_left as boolean[])
    ) as news (slug, version, name, language, places, contact_email, starts_on, ends_on, has_left)
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
_ADDRESS = text(
    """
    update letters set domain = news.domain
    from (
        select slug, lower(substring(contact_email from '[^@]*$')) as domain from partners where slug = any(:slugs)
    ) as news
    where letters.partner = news.slug and letters.state in ('planned', 'sending')
        and letters.domain is distinct from news.domain
    """
)


async def tell(work: UnitOfWork, news: Sequence[PartnerEvent]) -> None:
    """Takes over each partner unless a later version is known; one row per partner."""
    await work.execute(
        _TELL,
        {
            "slugs": [partner.slug for partner in news],
            "versions": [partner.version for partner in news],
            "names": [partner.name for partner in news],
            "languages": [str(partner.language) for partner in news],
            "places": [partner.places for partner in news],
            "contact_emails": [partner.contact_email for partner in news],
            "starts_on": [partner.starts_on for partner in news],
            "ends_on": [partner.ends_on for partner in news],
            "has_left": [isinstance(partner, PartnerLeft) for partner in news],
        },
    )
    await work.execute(_ADDRESS, {"slugs": [partner.slug for partner in news]})
