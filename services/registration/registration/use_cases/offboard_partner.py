"""Ends a partnership: everyone of the partner is withdrawn."""

from dataclasses import replace
from datetime import date

from culture_connect.contracts import Outcome, PartnerLeft, Unasked, local_day, problem
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain.errors import InvalidRequest, Unknown, WithdrawalsNotConfirmed, expect_version
from registration.store import participants, partners
from registration.store.partners import Partner
from registration.use_cases.lock_roster import lock_partner

BATCH_SIZE = 1000  # participants withdrawn by one statement


async def offboard_partner(
    work: UnitOfWork,
    slug: str,
    *,
    name: str,
    confirm_withdrawals: int = 0,
    expected: frozenset[int] | None = None,
) -> Partner:
    """Withdraws everyone of the partner from today on, publishes that and sends its HR system receipts, once.

    The caller gives the partner's `name` and how many of its people are active, so that nobody ends another partner
    by a slip in an address. Raises Unknown or Outdated (see `change_partner`), InvalidRequest for another name, or
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
        detail = f"{partner.active} active participants would be withdrawn"
        error = problem("not_confirmed", f"must be {partner.active} to confirm that", field="confirm_withdrawals")
        raise WithdrawalsNotConfirmed(detail, (error,))
    while withdrawn := await participants.withdraw_some(work, slug, today, BATCH_SIZE):
        for participant in withdrawn:
            _publish_withdrawn(work, partner, participant, today)
        await work.flush()
    partner = replace(partner, active=0, left_at=work.now, version=partner.version + 1)
    await partners.save(work, partner)
    events.partner_event(work, PartnerLeft, partner)
    return partner


def _publish_withdrawn(work: UnitOfWork, partner: Partner, withdrawn: participants.Withdrawn, today: date) -> None:
    event_id = events.participant_withdrawn(
        work, partner.slug, withdrawn.participant_id, effective_on=today, version=withdrawn.version
    )
    if partner.on_bus is False:
        return
    events.enrolment_accepted(
        work,
        partner.slug,
        str(event_id),
        employee_ref=withdrawn.employee_ref,
        participant_id=withdrawn.participant_id,
        outcome=Outcome.WITHDRAWN,
        reason=Unasked.PARTNER_LEFT,
    )
