"""Registering partners."""

from datetime import date

from culture_connect.contracts import Language, PartnerRegistered
from culture_connect.messaging import UnitOfWork, core_event
from registration.domain.calendar import local_day, running_season
from registration.store import partners
from registration.store.partners import Partner


class SlugTaken(Exception):
    """There is a partner with this slug already; another slug may succeed, a repetition never."""


class TermReversed(Exception):
    """The contract would end before it starts."""


async def register(
    work: UnitOfWork,
    *,
    slug: str,
    name: str,
    places: int,
    language: Language,
    contact_email: str | None,
    starts_on: date | None,
    ends_on: date | None,
) -> Partner:
    """Registers a partner and tells the other services; raises SlugTaken or TermReversed.

    Without dates the contract is for the season that runs today, with one of them for the season of that day.
    """
    season = running_season(starts_on or ends_on or local_day(work.now))
    partner = Partner(
        slug=slug,
        name=name,
        places=places,
        language=language,
        contact_email=contact_email,
        starts_on=starts_on or season.starts_on,
        ends_on=ends_on or season.ends_on,
        version=1,
    )
    if partner.ends_on < partner.starts_on:
        raise TermReversed
    if not await partners.add(work, partner):
        raise SlugTaken
    # The contact address stays here: nobody else writes to partners.
    event = PartnerRegistered(
        slug=slug,
        name=name,
        places=places,
        language=language,
        starts_on=partner.starts_on,
        ends_on=partner.ends_on,
        version=partner.version,
    )
    work.emit(event, core_event(event, slug), subject=slug)
    return partner
