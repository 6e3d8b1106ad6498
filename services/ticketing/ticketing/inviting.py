"""Inviting people to evenings that they have to ask for."""

from culture_connect.messaging import UnitOfWork
from ticketing import telling
from ticketing.issuer import Issuer
from ticketing.settling import PORTION, CauseOf
from ticketing.store import pages, wishes
from ticketing.store.seats import Scope


async def invite(work: UnitOfWork, scope: Scope, issuer: Issuer, cause_of: CauseOf) -> None:
    """Invites those in scope who are to be invited and were not yet. The caller holds the locks of its evenings."""
    if not scope.evenings:
        return
    invited = await wishes.invite(work, scope)
    for start in range(0, len(invited), PORTION):
        portion = invited[start : start + PORTION]
        made = [issuer.links.make(each.evening_id, [each.participant_id]) for each in portion]
        await pages.save(work, [page for _, new in made for page in new])
        for each, (links, _) in zip(portion, made, strict=True):
            telling.invited(
                work,
                evening_id=each.evening_id,
                venue=each.venue,
                participant_id=each.participant_id,
                link=links[0],
                cause=cause_of(each.evening_id, each.participant_id),
            )
        await work.flush()
