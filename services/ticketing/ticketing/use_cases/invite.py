"""Invitations to evenings for which a seat has to be requested."""

from collections.abc import Collection, Sequence
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.store import seat_requests
from ticketing.store.seat_requests import Invitation
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import CauseOf, batches
from ticketing.use_cases.page_links import create_links


async def invite(work: UnitOfWork, scope: Scope, issuer: Issuer, cause_of: CauseOf) -> None:
    """Invites those in scope who are to be invited and were not yet. The caller holds the locks of its evenings."""
    if scope.evenings:
        await _publish(work, await seat_requests.invite(work, scope), issuer, cause_of)


async def resend_invitations(
    work: UnitOfWork, evenings: Collection[UUID], people: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    """Publishes the invitations of these people to these evenings again that are not answered, with new links."""
    await _publish(work, await seat_requests.open_invitations(work, evenings, people), issuer, cause_of)


async def _publish(work: UnitOfWork, invitations: Sequence[Invitation], issuer: Issuer, cause_of: CauseOf) -> None:
    for batch in batches(invitations):
        links = await create_links(work, issuer, [(each.evening_id, each.participant_id) for each in batch])
        for invitation, link in zip(batch, links, strict=True):
            cause = cause_of(invitation.evening_id, invitation.participant_id)
            events.invitation_extended(work, invitation, link, cause=cause)
        await work.flush()
