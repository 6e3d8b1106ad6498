"""The backlog of answers that parties do not read.

Their queues are bounded, and what does not fit waits in the outbox. So that it does not fill the database, nothing more
is taken from whoever has too much waiting there: their own queue fills then, and the broker refuses what they send.
"""

from collections.abc import Set
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.routes import feed_to, receipt_to
from culture_connect.messaging.topology import enrolments_queue, party_of

MOST: Final = 20_000
"""So many messages for a party may wait in the outbox, beside those in its queue, before nothing more is taken."""

_WAITING = text(
    """
    select lane, count(*) as messages from outbox
    where due_at is null and quarantined_at is null and lane like 'edge/%'
    group by lane having count(*) > :least
    """
)


class Backlog:
    """The lanes of parties that have too much waiting, from one look to the next."""

    def __init__(self) -> None:
        self._lanes: Set[str] = frozenset()

    async def look(self, connection: AsyncConnection) -> Set[str]:
        """The lanes with more than `MOST` messages, and those that had and are not down to half of it yet."""
        rows = await connection.execute(_WAITING, {"least": MOST // 2})
        self._lanes = {row.lane for row in rows if row.messages > MOST or row.lane in self._lanes}
        return self._lanes


def lane_to_party_of(queue: str) -> str | None:
    """Returns the lane of messages to the party that fills this queue; None for the queue of no party."""
    party = party_of(queue)
    if party is None:
        return None
    return (receipt_to(party) if queue == enrolments_queue(party) else feed_to(party)).lane
