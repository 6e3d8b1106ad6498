"""Telling a box office everything about an evening again, for one that lost messages or begins anew.

What is sent has the versions that were told before, so whoever has kept up ignores it, and whoever has not ends up
with the same tickets as `GET /evenings/{id}/tickets`.
"""

from dataclasses import dataclass
from uuid import UUID

from culture_connect.contracts import (
    CancellationReason,
    EveningCancelled,
    EveningScheduled,
    FeedTicketAdmitted,
    FeedTicketCancelled,
    FeedTicketIssued,
    Message,
)
from culture_connect.messaging import UnitOfWork, feed_to
from ticketing.store import evenings, feeds
from ticketing.store.feeds import TicketTold

PORTION = 1000  # tickets read and sent at once


@dataclass(frozen=True, slots=True)
class Told:
    """Where the evening is, and how many tickets its box office was told of again."""

    venue: str
    tickets: int


async def replay(work: UnitOfWork, evening_id: UUID, venue: str) -> Told | None:
    """Sends the box office of this venue the evening and all its tickets; None when there is no such evening.

    Sends nothing when the evening takes place elsewhere.
    """
    # Behind the lock nothing newer can be sent before what is read here.
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        return None
    if evening.venue != venue:
        return Told(evening.venue, 0)
    told = await feeds.evening_told(work, evening_id)
    kind = EveningCancelled if evening.cancelled else EveningScheduled
    work.emit(kind.read(told), feed_to(venue), subject=str(evening_id))
    count, after = 0, None
    while tickets := await feeds.tickets_told(work, evening_id, after=after, limit=PORTION):
        for ticket in tickets:
            for message in _messages(evening_id, ticket):
                work.emit(message, feed_to(venue), subject=str(ticket.ticket_id))
        await work.flush()
        count, after = count + len(tickets), tickets[-1].ticket_id
    return Told(venue, count)


def _messages(evening_id: UUID, ticket: TicketTold) -> list[Message]:
    """What leads somebody who knows nothing to the present state."""
    if ticket.reason is not None:
        end = FeedTicketCancelled(
            ticket_id=ticket.ticket_id,
            evening_id=evening_id,
            version=ticket.feed_version,
            reason=CancellationReason(ticket.reason),
        )
        return [*_entry(evening_id, ticket, ticket.feed_version - 1), end]
    issued = FeedTicketIssued(
        ticket_id=ticket.ticket_id,
        evening_id=evening_id,
        code=ticket.code,
        holder_name=ticket.holder_name,
        partner_name=ticket.partner_name,
        version=ticket.feed_version if ticket.admitted_at is None else ticket.feed_version - 1,
        issued_at=ticket.issued_at,
    )
    return [issued, *_entry(evening_id, ticket, ticket.feed_version)]


def _entry(evening_id: UUID, ticket: TicketTold, version: int) -> list[Message]:
    """That its holder went in, where they did."""
    if ticket.admitted_at is None:
        return []
    return [
        FeedTicketAdmitted(
            ticket_id=ticket.ticket_id,
            evening_id=evening_id,
            version=version,
            admitted_at=ticket.admitted_at,
            scanner=ticket.scanner or "-",
            entrance=ticket.entrance,
        )
    ]
