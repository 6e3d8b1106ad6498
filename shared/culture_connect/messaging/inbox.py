"""Each message once: the memory of what a consumer has handled.

A row is written in the transaction of the effect, so it is there exactly when the effect is. Rows are kept for longer
than a dead letter may be replayed; see `housekeeping`.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# Sorted, so that two replicas with overlapping batches wait for each other instead of deadlocking.
_INSERT = text(
    """
    insert into inbox (key, digest)
    select key, digest from unnest(cast(:keys as uuid[]), cast(:digests as uuid[])) as row (key, digest)
    order by key
    on conflict do nothing
    returning key
    """
)
_DIGESTS = text("select key, digest from inbox where key = any(:keys)")


def digest_of(type_: str | None, body: bytes) -> UUID:
    """What two deliveries of one message have in common: an erasure may have the same body as a withdrawal."""
    return _hash(f"{type_}\0".encode(), body)


async def record(
    connection: AsyncConnection, consumer: str, digests: Mapping[str, UUID]
) -> tuple[set[str], dict[str, UUID]]:
    """Remembers the messages, given as id -> `digest_of` the message.

    Returns the ids that are new, and for those seen before the digest with which they were. Waits for a transaction
    of another replica that is handling one of them.
    """
    ids = {_hash(f"{consumer}\0".encode(), message_id.encode()): message_id for message_id in digests}
    parameters = {"keys": list(ids), "digests": [digests[message_id] for message_id in ids.values()]}
    inserted = await connection.execute(_INSERT, parameters)
    new = {ids[key] for key in inserted.scalars()}
    seen = [key for key, message_id in ids.items() if message_id not in new]
    if not seen:
        return new, {}
    rows = await connection.execute(_DIGESTS, {"keys": seen})
    return new, {ids[row.key]: row.digest for row in rows}


def _hash(start: bytes, rest: bytes) -> UUID:
    """Half of a SHA-256: 128 bits are more than anybody finds a collision for, and fit a column of fixed width."""
    return UUID(bytes=hashlib.sha256(start + rest).digest()[:16])
