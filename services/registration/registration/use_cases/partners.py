"""Partners: registered, changed, left."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

from culture_connect.contracts import (
    EnrolmentAccepted,
    Language,
    Message,
    Outcome,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
    Unasked,
    problem,
)
from culture_connect.messaging import UnitOfWork, core_event, receipt_to
from registration.domain.calendar import Term, local_day, running_season
from registration.domain.errors import (
    InvalidRequest,
    PartnerHasLeft,
    PlacesTaken,
    SlugTaken,
    Unknown,
    WithdrawalsNotConfirmed,
    expect_version,
)
from registration.store import participants, partners
from registration.store.partners import Partner
from registration.use_cases.lock_roster import lock_partner

AT_A_TIME = 1000  # participants withdrawn by one statement


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
    """Registers a partner, also one that had left, and tells the other services; raises SlugTaken or InvalidRequest.

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
    _check_term(partner)
    if not await partners.add(work, partner):
        before = await partners.lock(work, slug)
        if before is None or before.left_at is None:
            raise SlugTaken
        partner = replace(partner, version=before.version + 1, on_bus=before.on_bus)
        await partners.save(work, partner)
    _tell(work, PartnerRegistered, partner)
    return partner


async def change(work: UnitOfWork, slug: str, changes: Mapping[str, Any], expected: frozenset[int] | None) -> Partner:
    """Changes these fields and tells the other services, unless nothing is different then.

    `expected` are the versions that the partner may have (None: any). Raises Unknown, Outdated, PartnerHasLeft,
    PlacesTaken with the number of the active, or InvalidRequest.
    """
    before = await lock_partner(work, slug, local_day(work.now))
    if before is None:
        raise Unknown("partner")
    expect_version(before.version, expected)
    if before.left_at is not None:
        raise PartnerHasLeft
    partner = replace(before, **changes)
    if partner == before:
        return before
    _check_term(partner)
    if partner.places < partner.active:
        words = f"{partner.active} participants are active: withdraw some first, or contract at least so many places"
        raise PlacesTaken(words, (problem("too_small", f"must be at least {partner.active}", field="places"),))
    partner = replace(partner, version=partner.version + 1)
    await partners.save(work, partner)
    _tell(work, PartnerChanged, partner)
    return partner


async def leave(
    work: UnitOfWork,
    slug: str,
    *,
    name: str,
    confirm_withdrawals: int = 0,
    expected: frozenset[int] | None = None,
) -> Partner:
    """Withdraws everyone of the partner from today on and tells the other services and its HR system, once.

    Whoever asks says the partner's `name` and how many of its people are active, so that nobody ends another partner
    by a slip in an address. Raises Unknown or Outdated (see `change`), InvalidRequest for another name, or
    WithdrawalsNotConfirmed with the number of the active.
    """
    today = local_day(work.now)
    partner = await lock_partner(work, slug, today)
    if partner is None:
        raise Unknown("partner")
    if name != partner.name:
        error = problem("not_its_name", "must be the name of the partner that leaves", field="name")
        raise InvalidRequest(errors=(error,))
    if partner.left_at is not None:
        return partner
    expect_version(partner.version, expected)
    if confirm_withdrawals != partner.active:
        words = f"{partner.active} active participants would be withdrawn"
        error = problem("not_confirmed", f"must be {partner.active} to confirm that", field="confirm_withdrawals")
        raise WithdrawalsNotConfirmed(words, (error,))
    while withdrawn := await participants.withdraw_some(work, slug, today, AT_A_TIME):
        for participant in withdrawn:
            _tell_withdrawn(work, partner, participant, today)
        await work.flush()
    partner = replace(partner, active=0, left_at=work.now, version=partner.version + 1)
    await partners.save(work, partner)
    _tell(work, PartnerLeft, partner)
    return partner


def _tell_withdrawn(work: UnitOfWork, partner: Partner, withdrawn: participants.Withdrawn, today: date) -> None:
    event_id, subject = uuid4(), str(withdrawn.participant_id)
    event = ParticipantWithdrawn(
        participant_id=withdrawn.participant_id,
        partner=partner.slug,
        effective_on=today,
        version=withdrawn.version,
    )
    work.emit(event, core_event(event, partner.slug), subject=subject, id=event_id)
    if partner.on_bus is False:
        return
    receipt = EnrolmentAccepted(
        message_id=str(event_id),
        employee_ref=withdrawn.employee_ref,
        participant_id=withdrawn.participant_id,
        outcome=Outcome.WITHDRAWN,
        reason=Unasked.PARTNER_LEFT,
    )
    work.emit(receipt, receipt_to(partner.slug), subject=subject)


def _season(starts_on: date | None, ends_on: date | None, today: date) -> Term:
    """The season of what was given; raises InvalidRequest when one of its ends is a day that cannot be meant."""
    given = starts_on or ends_on or today
    if 1900 < given.year < 9999:
        return running_season(given)
    if starts_on and ends_on:
        return Term(starts_on, ends_on)
    words = "has no season around it that could be meant: give both days"
    raise InvalidRequest(errors=(problem("out_of_range", words, field="starts_on" if starts_on else "ends_on"),))


def _check_term(partner: Partner) -> None:
    if partner.ends_on < partner.starts_on:
        raise InvalidRequest(errors=(problem("before_start", "must not be before starts_on", field="ends_on"),))


def _tell(
    work: UnitOfWork, kind: type[PartnerRegistered] | type[PartnerChanged] | type[PartnerLeft], partner: Partner
) -> None:
    event: Message = kind(
        slug=partner.slug,
        name=partner.name,
        places=partner.places,
        language=Language(partner.language),
        contact_email=partner.contact_email,
        starts_on=partner.starts_on,
        ends_on=partner.ends_on,
        version=partner.version,
    )
    work.emit(event, core_event(event, partner.slug), subject=partner.slug)
