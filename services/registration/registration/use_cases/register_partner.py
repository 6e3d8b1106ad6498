"""Registers a partner."""

from dataclasses import replace
from datetime import date

from culture_connect.contracts import Language, PartnerRegistered, local_day, problem
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain.calendar import Term, running_season
from registration.domain.errors import InvalidRequest, SlugTaken
from registration.store import partners
from registration.store.partners import Partner


async def register_partner(
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
    """Registers a partner, also one that had left, and publishes it; raises SlugTaken or InvalidRequest.

    Without dates the contract is for the season that runs today, with one of them for the season of that day.
    """
    season = _season(starts_on, ends_on, local_day(work.now))
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
    check_term(partner)
    if not await partners.add(work, partner):
        before = await partners.lock(work, slug)
        if before is None or before.left_at is None:
            raise SlugTaken
        partner = replace(partner, version=before.version + 1, on_bus=before.on_bus)
        await partners.save(work, partner)
    events.partner_event(work, PartnerRegistered, partner)
    return partner


def _season(starts_on: date | None, ends_on: date | None, today: date) -> Term:
    """Returns the season around the days that were given; raises InvalidRequest for a day that cannot be meant."""
    given = starts_on or ends_on or today
    if 1900 < given.year < 9999:
        return running_season(given)
    if starts_on and ends_on:
        return Term(starts_on, ends_on)
    detail = "has no season around it that could be meant: give both days"
    raise InvalidRequest(errors=(problem("out_of_range", detail, field="starts_on" if starts_on else "ends_on"),))


def check_term(partner: Partner) -> None:
    """Checks that the contract does not end before it starts; raises InvalidRequest."""
    if partner.ends_on < partner.starts_on:
        raise InvalidRequest(errors=(problem("before_start", "must not be before starts_on", field="ends_on"),))
