"""What every decision about a partner's people begins with: the partner locked, and the present day begun."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from uuid import UUID

from culture_connect.contracts import ParticipantWithdrawn
from culture_connect.messaging import UnitOfWork, core_event
from registration.domain.roster import Contract, Roster
from registration.store import participants, partners, terms
from registration.store.partners import Partner
from registration.store.tombstones import Tombstones


async def lock_partner(work: UnitOfWork, slug: str, today: date) -> Partner | None:
    """The partner, locked, without those whose term is over `today` (the day in The Hague); the others are told."""
    partner = await partners.lock(work, slug)
    if partner is None:
        return None
    ended = await terms.end_terms(work, slug, today)
    for each in ended:
        if not each.told:
            event = ParticipantWithdrawn(
                participant_id=each.participant_id, partner=slug, effective_on=each.leaves_on, version=each.version
            )
            work.emit(event, core_event(event, slug), subject=str(each.participant_id))
    return replace(partner, active=partner.active - len(ended))


async def lock_roster(
    work: UnitOfWork,
    tombstones: Tombstones,
    slug: str,
    *,
    refs: Collection[str],
    email_keys: Collection[str],
    today: date,
    giving_up: Collection[UUID] = (),
) -> Roster:
    """Locks the partner and loads what is known about these employee references and e-mail addresses.

    The roster has no contract when there is no such partner.
    """
    partner = await lock_partner(work, slug, today)
    if partner is None:
        return Roster(None, 0)
    found = await participants.known(work, slug, refs=refs, email_keys=email_keys)
    contract = Contract(slug, partner.places, partner.ends_on, has_left=partner.left_at is not None)
    return Roster(contract, partner.active, found, await tombstones.load(work, slug, refs), giving_up)
