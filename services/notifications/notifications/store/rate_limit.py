"""How fast the mail server is given letters, by all replicas together."""

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

# The moment of a letter is the next free one; none is saved up from quiet times.
_RESERVE = text(
    """
    update pace set next_at = greatest(next_at, clock_timestamp()) + make_interval(secs => :seconds)
    returning greatest(extract(epoch from next_at - clock_timestamp()) - :seconds, 0)::float8 as wait
    """
)


async def reserve(work: UnitOfWork, per_second: float) -> float:
    """Reserves the next moment to send a letter at so many a second; returns the seconds until then."""
    wait: float = (await work.execute(_RESERVE, {"seconds": 1 / per_second})).scalar_one()
    return wait
