"""Counts of a party's refused messages by day, which bound how many of them are kept as dead letters.

A party that sends nothing but what nobody can read would fill the disk of the broker otherwise, and a full disk stops
every publisher. Only a transaction with a refused message touches the row of its queue.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_A_DAY: Final = 1_000  # of one queue
REMEMBERED: Final = timedelta(days=30)

_COUNT = text(
    """
    insert into refusals as known (queue, day, messages) values (:queue, :day, :count)
    on conflict (queue, day) do update set messages = known.messages + excluded.messages
    returning messages
    """
)
_FORGET = text("delete from refusals where day < :before")


async def count(connection: AsyncConnection, queue: str, day: date, messages: int) -> int:
    """Counts so many refused messages of the queue on that day; returns how many of them may be kept."""
    parameters = {"queue": queue, "day": day, "count": messages}
    so_far: int = (await connection.execute(_COUNT, parameters)).scalar_one()
    return min(messages, max(0, KEPT_A_DAY - (so_far - messages)))


async def forget(connection: AsyncConnection, now: datetime) -> None:
    """Removes the counts of days long past."""
    await connection.execute(_FORGET, {"before": (now - REMEMBERED).date()})
