"""Inviting people to evenings that they have to ask for."""

from collections.abc import Collection, Sequence
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.store import personal_pages, seat_requests
from ticketing.store.seat_requests import Invited
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import PORTION, CauseOf


async def invite(work: UnitOfWork, scope: Scope, issuer: Issuer, cause_of: CauseOf) -> None:
    """Invites those in scope who are to be invited and were not yet. The caller holds the locks of its evenings."""
    if not scope.evenings:
        return
    await _tell(work, await seat_requests.invite(work, scope), issuer, cause_of)


async def invite_again(
    work: UnitOfWork, evenings: Collection[UUID], people: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    """Sends these people the invitations to these evenings again that they have not answered, with new links."""
    await _tell(work, await seat_requests.invited(work, evenings, people), issuer, cause_of)


async def _tell(work: UnitOfWork, invited: Sequence[Invited], issuer: Issuer, cause_of: CauseOf) -> None:
    for start in range(0, len(invited), PORTION):
        portion = invited[start : start + PORTION]
        made = [issuer.links.make(each.evening_id, [each.participant_id]) for each in portion]
        addresses = await personal_pages.save(work, [page for _, new in made for page in new])
        for each, (links, _) in zip(portion, made, strict=True):
            events.invited(
                work,
                evening_id=each.evening_id,
                venue=each.venue,
                participant_id=each.participant_id,
                link=links[0],
                address=addresses.get(each.participant_id),
                cause=cause_of(each.evening_id, each.participant_id),
            )
        await work.flush()
