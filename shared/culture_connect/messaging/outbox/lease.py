"""Leadership as a row with a time limit.

Nothing is held but a row: a leader that hangs, is paused or is cut off stops being one when its time is over, and a
connection through a pool in transaction mode serves as well as any.
"""

import time
from uuid import uuid4

import asyncpg

TTL = 6.0  # seconds that a lease lasts
RENEW = 2.0  # seconds after which it is renewed

_FREE = """
    select not exists (select from leases where name = $1 and holder <> $2 and expires_at >= clock_timestamp())
"""
# Another holder's row is taken over only when its time is over; the condition is looked at under the row's lock.
_TAKE = """
    insert into leases as lease (name, holder, expires_at)
    values ($1, $2, clock_timestamp() + make_interval(secs => $3))
    on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
    where lease.holder = excluded.holder or lease.expires_at < clock_timestamp()
    returning true
"""
# Those who listen for new rows look for the lease as well.
_RELEASE = """
    with released as (delete from leases where name = $1 and holder = $2 returning name)
    select pg_notify('outbox_' || current_schema(), '') from released
"""


class Lease:
    """One holder's claim to the lease `name` in the schema of the connections it is given.

    Methods that take a connection raise asyncpg's errors. The clock is that of `time`, which goes on while a process
    is stopped or its machine sleeps.
    """

    def __init__(self, name: str, *, ttl: float = TTL) -> None:
        self.name = name
        self.holder = uuid4()
        self._ttl = ttl
        self._renew_at = 0.0
        self._valid_until = 0.0

    def is_held(self) -> bool:
        """Returns whether it is certain, without asking, that nobody else has the lease."""
        return _now() < self._valid_until

    async def acquire(self, connection: asyncpg.Connection) -> bool:
        """Takes or renews the lease; returns whether it is held. Another's lease that runs is left alone."""
        if not self.is_held() and not await connection.fetchval(_FREE, self.name, self.holder):
            return False
        # Counted from before the question: the answer may be long under way.
        asked = _now()
        if not await connection.fetchval(_TAKE, self.name, self.holder, self._ttl):
            self.forget()
            return False
        self._valid_until = asked + self._ttl
        self._renew_at = asked + self._ttl * RENEW / TTL
        return True

    async def keep(self, connection: asyncpg.Connection) -> bool:
        """Renews the lease when it is time; returns whether it is still held."""
        if not self.is_held():
            return False
        return _now() < self._renew_at or await self.acquire(connection)

    async def release(self, connection: asyncpg.Connection) -> None:
        """Lets the next have it at once."""
        self.forget()
        await connection.execute(_RELEASE, self.name, self.holder)

    def forget(self) -> None:
        """Stops holding the lease, as far as this process is concerned."""
        self._valid_until = 0.0


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
