"""Changes the contract or the name of a partner."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from culture_connect.contracts import PartnerChanged, local_day, problem
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain.errors import PartnerHasLeft, PlacesTaken, Unknown, expect_version
from registration.store import partners
from registration.store.partners import Partner
from registration.use_cases.lock_roster import lock_partner
from registration.use_cases.register_partner import check_term


async def change_partner(
    work: UnitOfWork, slug: str, changes: Mapping[str, Any], expected: frozenset[int] | None
) -> Partner:
    """Changes these fields and publishes the partner, unless nothing is different then.

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
    check_term(partner)
    if partner.places < partner.active:
        detail = f"{partner.active} participants are active: withdraw some first, or contract at least so many places"
        raise PlacesTaken(detail, (problem("too_small", f"must be at least {partner.active}", field="places"),))
    partner = replace(partner, version=partner.version + 1)
    await partners.save(work, partner)
    events.partner_event(work, PartnerChanged, partner)
    return partner
