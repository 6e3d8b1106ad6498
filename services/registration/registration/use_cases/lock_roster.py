"""Locks a partner before a decision about its people, and begins the present day."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain.roster import Contract, Roster
from registration.store import participants, partners, terms
from registration.store.partners import Partner
from registration.store.tombstones import Tombstones


async def lock_partner(work: UnitOfWork, slug: str, today: date) -> Partner | None:
    """Returns the partner, locked; publishes the withdrawal of those whose term is over `today` (in The Hague)."""
    partner = await partners.lock(work, slug)
    if partner is None:
        return None
    ended = await terms.end_terms(work, slug, today)
    for each in ended:
        if not each.published:
            events.participant_withdrawn(
                work, slug, each.participant_id, effective_on=each.leaves_on, version=each.version
            )
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
