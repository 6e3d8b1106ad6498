"""Each message once: the memory of what a consumer has handled.

A row is written in the transaction of the effect, so it is there exactly when the effect is. Rows are kept: a dead
letter may be replayed long after, and must still be recognised.
"""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Sorted, so that two replicas with overlapping batches wait for each other instead of deadlocking.
_INSERT = text(
    """
    insert into inbox (consumer, message_id, digest)
    select :consumer, message_id, digest
    from unnest(cast(:message_ids as text[]), cast(:digests as bytea[])) as row (message_id, digest)
    order by message_id
    on conflict do nothing
    returning message_id
    """
)
_DIGESTS = text("select message_id, digest from inbox where consumer = :consumer and message_id = any(:message_ids)")


async def record(
    connection: AsyncConnection, consumer: str, digests: Mapping[str, bytes]
) -> tuple[set[str], dict[str, bytes]]:
    """Remembers the messages, given as id -> digest of the body.

    Returns the ids that are new, and for those seen before the digest with which they were. Waits for a transaction
    of another replica that is handling one of them.
    """
    inserted = await connection.execute(
        _INSERT, {"consumer": consumer, "message_ids": list(digests), "digests": list(digests.values())}
    )
    new = set(inserted.scalars())
    seen = [message_id for message_id in digests if message_id not in new]
    if not seen:
        return new, {}
    rows = await connection.execute(_DIGESTS, {"consumer": consumer, "message_ids": seen})
    return new, {row.message_id: row.digest for row in rows}
