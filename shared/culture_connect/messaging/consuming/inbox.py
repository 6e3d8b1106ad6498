"""The inbox: which messages a consumer has handled, so that each has its effect once.

A row is written in the transaction of the effect, so it is there exactly when the effect is. Rows are kept for longer
than a dead letter may be replayed; see `housekeeping`.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.keyed_hash import KeyedHash

# Sorted, so that two replicas with overlapping batches wait for each other instead of deadlocking.
_INSERT = text(
    """
    insert into inbox (message_hash, content_hash)
    select message, content from unnest(cast(:messages as uuid[]), cast(:contents as uuid[])) as row (message, content)
    order by message
    on conflict do nothing
    returning message_hash
    """
)
_CONTENTS = text("select message_hash, content_hash from inbox where message_hash = any(:messages)")


def digest_of(hashes: KeyedHash, type_: str | None, body: bytes) -> UUID:
    """Returns a digest that is equal for two deliveries of one message: of type and body, since bodies may be alike."""
    return UUID(bytes=hashes.of("inbox content", f"{type_}\0".encode() + body))


async def record(
    connection: AsyncConnection, hashes: KeyedHash, consumer: str, digests: Mapping[str, UUID]
) -> tuple[set[str], dict[str, UUID]]:
    """Remembers the messages, given as id -> `digest_of` the message.

    Returns the ids that are new, and for those seen before the digest with which they were. Waits for a transaction
    of another replica that is handling one of them.
    """
    ids = {
        UUID(bytes=hashes.of("inbox message", f"{consumer}\0{message_id}".encode())): message_id
        for message_id in digests
    }
    parameters = {"messages": list(ids), "contents": [digests[message_id] for message_id in ids.values()]}
    inserted = await connection.execute(_INSERT, parameters)
    new = {ids[message] for message in inserted.scalars()}
    seen = [message for message, message_id in ids.items() if message_id not in new]
    if not seen:
        return new, {}
    rows = await connection.execute(_CONTENTS, {"messages": seen})
    return new, {ids[row.message_hash]: row.content_hash for row in rows}
