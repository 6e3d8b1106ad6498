"""The state of an evening published again to its box office, for one that lost messages or starts from nothing.

The events have the versions that were published before, so a box office that has kept up ignores them, and any other
ends up with the same tickets as `GET /evenings/{id}/tickets`.
"""

from dataclasses import dataclass
from uuid import UUID

from culture_connect.contracts import EveningCancelled, EveningScheduled
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.store import evenings, feeds

PAGE_SIZE = 1000  # tickets read and published at once


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The venue of the evening, and the number of tickets published again."""

    venue: str
    tickets: int


async def replay(work: UnitOfWork, evening_id: UUID, venue: str) -> ReplayResult | None:
    """Publishes the evening and all its tickets to the box office of this venue; None when there is no such evening.

    Publishes nothing when the evening takes place elsewhere.
    """
    # While the evening is locked nothing newer can be published before what is read here.
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        return None
    if evening.venue != venue:
        return ReplayResult(evening.venue, 0)
    kind = EveningCancelled if evening.cancelled else EveningScheduled
    events.evening_listed(work, kind.read(await feeds.evening_details(work, evening_id)), cause=None)
    count, after = 0, None
    while tickets := await feeds.tickets_in_feed(work, evening_id, after=after, limit=PAGE_SIZE):
        for ticket in tickets:
            events.ticket_listed(work, ticket, cause=None)
        await work.flush()
        count, after = count + len(tickets), tickets[-1].ticket_id
    return ReplayResult(venue, count)
