"""The relay's queries of the outbox and its lanes, over a connection of its own."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from culture_connect.messaging.outbox.publisher import Publication

# Rows of many lanes in one go: the first of each lane by index, then so many of each. A lane in trouble gives its head
# alone, when its time has come.
_FETCH = """
    with recursive lanes as (
        (
            select lane from outbox where due_at is null and quarantined_at is null order by lane limit 1
        )
        union all
        select (
            select lane from outbox
            where due_at is null and quarantined_at is null and lane > lanes.lane order by lane limit 1
        )
        from lanes where lanes.lane is not null
    )
    select
        row.id, lanes.lane, row.vhost, row.exchange, row.routing_key, row.headers, row.correlation_id, row.body,
        row.properties,
        row.candidates,
        case when trouble.lane is null then 0 else greatest(trouble.attempts, 1) end as attempts
    from lanes
    left join outbox_lanes as trouble on trouble.lane = lanes.lane
    cross join lateral (
        select *, count(*) over () as candidates, sum(octet_length(body)) over (order by id) as bytes from (
            select id, vhost, exchange, routing_key, headers, correlation_id, body, properties from outbox
            where outbox.lane = lanes.lane and due_at is null and quarantined_at is null and id <> all($2::bigint[])
            order by id limit case when trouble.lane is null then $3 else 1 end
        ) as candidate
    ) as row
    where lanes.lane is not null and lanes.lane <> all($1::text[])
        and (trouble.lane is null or trouble.retry_at <= clock_timestamp())
        and row.bytes - octet_length(row.body) < $4
    order by row.id
"""
# Timers whose moment has come join the rest of their lane.
_RELEASE_TIMERS = """
    with released as (
        update outbox set due_at = null
        where id in (
            select id from outbox where due_at <= clock_timestamp() and quarantined_at is null order by due_at limit $1
        )
        returning id
    )
    select
        (select count(*) from released) as released,
        extract(epoch from (select min(due_at) from outbox where due_at > clock_timestamp() and quarantined_at is null)
            - clock_timestamp())::float8 as seconds_to_next
"""
_DELETE = """
    delete from outbox where id = any($1::bigint[]) and exists (
        select from leases where name = $2 and holder = $3 and expires_at > clock_timestamp()
    )
"""
_IS_HOLDER = "select exists (select from leases where name = $1 and holder = $2 and expires_at > clock_timestamp())"
_QUARANTINE = """
    update outbox set quarantined_at = clock_timestamp(), last_error = failed.error
    from unnest($1::bigint[], $2::text[]) as failed (id, error)
    where outbox.id = failed.id
"""
_TROUBLE = """
    insert into outbox_lanes as known (lane, attempts, last_error, retry_at, quarantined_at)
    values (
        $1, $2, $3, clock_timestamp() + make_interval(secs => $4), case when $5::boolean then clock_timestamp() end
    )
    on conflict (lane) do update set
        attempts = excluded.attempts, last_error = excluded.last_error, retry_at = excluded.retry_at,
        quarantined_at = case when $5::boolean then coalesce(known.quarantined_at, excluded.quarantined_at) end
"""
_RECOVERED = "delete from outbox_lanes where lane = any($1::text[])"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox on its way; two that share one of `keys` are sent one after the other."""

    id: int
    vhost: str
    keys: frozenset[str]
    publication: Publication


@dataclass(slots=True)
class Fetched:
    """Rows of one lane in their order, and how often the lane was tried in vain.

    `candidates` is how many there were, up to the limit, before their size was looked at.
    """

    attempts: int
    candidates: int
    rows: list[Row]


async def fetch(
    connection: asyncpg.Connection, *, full: Collection[str], pending: Iterable[int], limit: int, largest: int
) -> dict[str, Fetched]:
    """Rows of every lane that is not `full`, without those `pending`, by lane.

    Of each at most `limit`, and no more once their bodies are `largest` bytes together.
    """
    lanes: dict[str, Fetched] = {}
    for record in await connection.fetch(_FETCH, list(full), list(pending), limit, largest):
        fetched = lanes.get(record["lane"])
        if fetched is None:
            fetched = lanes[record["lane"]] = Fetched(record["attempts"], record["candidates"], [])
        fetched.rows.append(_row(record))
    return lanes


async def release_timers(connection: asyncpg.Connection, limit: int) -> tuple[int, float | None]:
    """Makes rows whose moment has come due at once; returns how many, and the seconds until the next, if any."""
    record = await connection.fetchrow(_RELEASE_TIMERS, limit)
    return record["released"], record["seconds_to_next"]


async def delete(connection: asyncpg.Connection, ids: Sequence[int], *, lease: str, holder: UUID) -> bool:
    """Deletes the rows as long as `holder` has the lease; False when it has not, and nothing was done."""
    status = await connection.execute(_DELETE, ids, lease, holder)
    # None deleted: the lease is gone, or an earlier try did it and its answer was lost.
    return status != "DELETE 0" or bool(await connection.fetchval(_IS_HOLDER, lease, holder))


async def quarantine(connection: asyncpg.Connection, errors: dict[int, str]) -> None:
    """Sets rows apart that can never be sent, with the reason of each by its id."""
    await connection.execute(_QUARANTINE, list(errors), list(errors.values()))


async def record_trouble(
    connection: asyncpg.Connection, lane: str, *, attempts: int, error: str, wait: float, quarantined: bool
) -> None:
    """Remembers that a lane was tried in vain for the `attempts`th time and is tried again after `wait` seconds."""
    await connection.execute(_TROUBLE, lane, attempts, error, wait, quarantined)


async def record_recovery(connection: asyncpg.Connection, lanes: Collection[str]) -> None:
    """Forgets the trouble of these lanes."""
    await connection.execute(_RECOVERED, list(lanes))


def _row(record: asyncpg.Record) -> Row:
    headers = json.loads(record["headers"])
    publication = Publication(
        record["exchange"],
        record["routing_key"],
        headers,
        record["correlation_id"],
        record["body"],
        record["properties"],
    )
    # One aggregate's events in their order; and a returned message is known by its id alone.
    keys = {f"{name} {headers[name]}" for name in ("ce-subject", "ce-id") if name in headers}
    if publication.properties is not None:
        keys.add(f"ce-id {publication.id}")
    return Row(record["id"], record["vhost"], frozenset(keys), publication)
