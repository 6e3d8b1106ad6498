"""Nothing that is only remembered is kept for ever: messages that nobody can replay any more, answers that nobody can
ask for again, counts of days long past.

A message that comes back later still finds the rules of its aggregate: versions, and what a person was last told.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import text

from culture_connect.messaging.consuming import refusals
from culture_connect.messaging.database import Database
from culture_connect.messaging.periodic import periodic
from culture_connect.messaging.unit_of_work import UnitOfWork

INTERVAL: Final = 24 * 3600.0  # seconds between two rounds
ANSWERS_KEPT_FOR: Final = timedelta(hours=24)
"""For so long the answer to a request with an `Idempotency-Key` is remembered; a round removes what is older."""
PAGES: Final = 100  # of the table in a transaction, at most some 12,000 rows
_PAUSE = 0.05  # seconds between two batches, for those who wait for the disk

# For this transaction only: a lock of the session would be another client's behind a pooler.
_LOCK = text("select pg_try_advisory_xact_lock(hashtext('inbox cleanup'), hashtext(current_schema()))")
_PAGES = text("select pg_relation_size('inbox') / current_setting('block_size')::int")
# From one end to the other, so that no transaction looks at more than its pages: an index by age would be as large as
# the memory it serves, one by ranges (BRIN) is of no use once pages are filled anew, and a limit finds its rows only
# after all pages that were emptied before.
_FORGET = text(
    """
    delete from inbox
    where ctid >= cast(:first as tid) and ctid < cast(:behind as tid) and received_at < :before
    """
)

_FORGET_ANSWERS = text("delete from idempotency_keys where created_at < :before")

log = structlog.get_logger(__name__)


def inbox_cleanup(
    database: Database, *, kept_for: timedelta, interval: float = INTERVAL
) -> AbstractAsyncContextManager[None]:
    """Forgets messages that were handled longer than `kept_for` ago, and old answers and counts, now and every
    `interval` seconds while the block runs. Any number of replicas may do so: one of them does it.
    """

    async def clean_up() -> None:
        await database.transact(forget_answers_and_counts)
        if forgotten := await forget_old_messages(database, kept_for=kept_for):
            log.info("old messages forgotten", service=database.schema, count=forgotten)

    return periodic("inbox cleanup", clean_up, interval=interval)


async def forget_old_messages(database: Database, *, kept_for: timedelta, pages: int = PAGES) -> int:
    """Forgets all messages that were handled longer than `kept_for` ago; returns how many.

    Ends at once when another replica is about it. Each batch of `pages` of the table is a transaction of its own.
    """
    async with database.begin() as work:
        end = (await work.execute(_PAGES)).scalar_one()
    forgotten = 0
    for first in range(0, end, pages):
        removed = await database.transact(partial(_forget, first=first, behind=first + pages, kept_for=kept_for))
        if removed is None:
            break
        forgotten += removed
        # What was emptied has to be written; what was only looked at costs nobody anything.
        await asyncio.sleep(_PAUSE if removed else 0)
    return forgotten


async def forget_answers_and_counts(work: UnitOfWork) -> None:
    """Forgets answers to repeated requests, and how much was refused, when it is of no use any more."""
    await work.execute(_FORGET_ANSWERS, {"before": work.now - ANSWERS_KEPT_FOR})
    await refusals.forget(work.connection, work.now)


async def _forget(work: UnitOfWork, *, first: int, behind: int, kept_for: timedelta) -> int | None:
    if not (await work.execute(_LOCK)).scalar_one():
        return None
    where = {"first": (first, 0), "behind": (behind, 0), "before": work.now - kept_for}
    return (await work.execute(_FORGET, where)).rowcount
