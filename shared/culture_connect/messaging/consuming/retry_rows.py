"""Messages that wait for another try, as rows of the service's own schema.

A row survives everything that its message would survive in a queue, and keeps the order of what waits: while a message
of a key is here, later ones of that key come here too, and go when it is their turn.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.consuming.received import StoredMessage, unpack

CLAIM: Final = timedelta(seconds=20)
"""How long a try may take before another replica may try as well."""

_WAITING_KEYS = text("select distinct key from retries where queue = :queue and key = any(:keys)")
_STORE = text(
    """
    insert into retries (
        vhost, queue, key, properties, body, received_at, attempts, suspect, due_at, last_error
    )
    select :vhost, :queue, key, properties, body, received_at, attempts, suspect,
        now() + make_interval(secs => seconds), error
    from unnest(
        cast(:keys as text[]), cast(:properties as bytea[]), cast(:bodies as bytea[]),
        cast(:received_at as timestamptz[]), cast(:attempts as int[]), cast(:suspect as bool[]),
        cast(:seconds as float8[]), cast(:errors as text[])
    ) with ordinality as row (key, properties, body, received_at, attempts, suspect, seconds, error, place)
    order by place
    """
)
# Of a key only the first may be claimed. A try is counted before it begins, since it may end the process.
_CLAIM = text(
    """
    update retries set attempts = attempts + 1, due_at = now() + make_interval(secs => :claim)
    where id = (
        select id from retries as candidate
        where queue = :queue and suspect = :suspect and due_at <= now()
        and (
            key is null or not exists (
                select 1 from retries as earlier
                where earlier.queue = candidate.queue and earlier.key = candidate.key and earlier.id < candidate.id
            )
        )
        order by due_at, id limit 1 for update skip locked
    )
    returning id, vhost, queue, key, properties, body, received_at, attempts, suspect
    """
)
_LOCK = text("select 1 from retries where id = :id for update skip locked")
_POSTPONE = text(
    """
    update retries set attempts = :attempts, suspect = false, last_error = :error,
        due_at = now() + make_interval(secs => :seconds)
    where id = :id
    """
)
_DELETE = text("delete from retries where id = :id")
_DUE = text(
    """
    select queue, bool_or(suspect) as suspect, bool_or(not suspect) as other
    from retries where due_at <= now() group by queue
    """
)
_SUMMARY = text(
    """
    select queue, count(*) as rows, extract(epoch from now() - min(received_at))::float8 as oldest
    from retries group by queue
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message to be stored: for `seconds` from now, after so many `attempts`."""

    key: str | None
    properties: bytes
    body: bytes
    received_at: datetime
    attempts: int = 0
    suspect: bool = False
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is to be tried now; `attempts` counts this try as well."""

    id: int
    vhost: str
    queue: str
    key: str | None
    message: StoredMessage
    received_at: datetime
    attempts: int
    suspect: bool


async def waiting_keys(connection: AsyncConnection, queue: str, keys: Collection[str]) -> set[str]:
    """Those of the keys of which a message waits."""
    rows = await connection.execute(_WAITING_KEYS, {"queue": queue, "keys": list(keys)})
    return set(rows.scalars())


async def store(connection: AsyncConnection, vhost: str, queue: str, messages: Sequence[Waiting]) -> None:
    """Writes messages of a queue in their order."""
    await connection.execute(
        _STORE,
        {
            "vhost": vhost,
            "queue": queue,
            "keys": [message.key for message in messages],
            "properties": [message.properties for message in messages],
            "bodies": [message.body for message in messages],
            "received_at": [message.received_at for message in messages],
            "attempts": [message.attempts for message in messages],
            "suspect": [message.suspect for message in messages],
            "seconds": [message.seconds for message in messages],
            "errors": [message.error for message in messages],
        },
    )


async def claim(connection: AsyncConnection, queue: str, *, suspect: bool) -> Claimed | None:
    """Takes the message of the queue that is due first; nobody else gets it for as long as `CLAIM`."""
    found = await connection.execute(_CLAIM, {"queue": queue, "suspect": suspect, "claim": CLAIM.total_seconds()})
    row = found.one_or_none()
    if row is None:
        return None
    return Claimed(
        row.id,
        row.vhost,
        row.queue,
        row.key,
        unpack(row.properties, row.body),
        row.received_at,
        row.attempts,
        row.suspect,
    )


async def lock(connection: AsyncConnection, row_id: int) -> bool:
    """Holds the row until the end of the transaction; False when it is gone or held by another."""
    return (await connection.execute(_LOCK, {"id": row_id})).one_or_none() is not None


async def postpone(connection: AsyncConnection, row_id: int, *, attempts: int, seconds: float, error: str) -> None:
    """Lets the message wait for so many seconds more."""
    parameters = {"id": row_id, "attempts": attempts, "seconds": seconds, "error": error}
    await connection.execute(_POSTPONE, parameters)


async def delete(connection: AsyncConnection, row_id: int) -> None:
    """Removes a message that is done with; the next one of its key may go."""
    await connection.execute(_DELETE, {"id": row_id})


async def due(connection: AsyncConnection) -> dict[str, tuple[bool, bool]]:
    """The queues of which something is due: whether there are suspects, and whether there are others."""
    return {row.queue: (row.suspect, row.other) for row in await connection.execute(_DUE)}


async def summary(connection: AsyncConnection) -> dict[str, tuple[int, float]]:
    """For each queue how many messages wait, and for how many seconds the oldest has been here."""
    return {row.queue: (row.rows, row.oldest) for row in await connection.execute(_SUMMARY)}
