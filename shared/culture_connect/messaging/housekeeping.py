"""The inbox does not grow for ever: what was handled so long ago that nobody can replay it is forgotten.

A message that comes back later still finds the rules of its aggregate: versions, and what a person was last told.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text

from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import is_database_fault, reason_of
from culture_connect.messaging.unit_of_work import UnitOfWork

INTERVAL: Final = 3600.0  # seconds between two rounds
BATCH: Final = 5000  # rows in a transaction
_PAUSE = 0.05  # seconds between two batches, for those who wait for the disk

# For this transaction only: a lock of the session would be another client's behind a pooler.
_LOCK = text("select pg_try_advisory_xact_lock(hashtext('inbox cleanup'), hashtext(current_schema()))")
# Rows stand in the order of their arrival, so the oldest are found without sorting them.
_FORGET = text(
    """
    delete from inbox where ctid = any(array(
        select ctid from inbox where received_at < :before limit :batch
    ))
    """
)

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def inbox_cleanup(database: Database, *, kept_for: timedelta, interval: float = INTERVAL) -> AsyncIterator[None]:
    """Forgets messages that were handled longer than `kept_for` ago, now and every `interval` seconds while the block
    runs. Any number of replicas may do so: one of them does it.
    """
    task = asyncio.create_task(_go_round(database, kept_for, interval), name="inbox cleanup")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def forget_old_messages(database: Database, *, kept_for: timedelta, batch: int = BATCH) -> int:
    """Forgets all messages that were handled longer than `kept_for` ago; returns how many.

    Ends at once when another replica is about it. Each `batch` of rows is a transaction of its own.
    """
    forgotten = 0
    while removed := await database.transact(lambda work: _forget(work, work.now - kept_for, batch)):
        forgotten += removed
        if removed < batch:
            break
        await asyncio.sleep(_PAUSE)
    return forgotten


async def _forget(work: UnitOfWork, before: datetime, batch: int) -> int:
    if not (await work.execute(_LOCK)).scalar_one():
        return 0
    return (await work.execute(_FORGET, {"before": before, "batch": batch})).rowcount


async def _go_round(database: Database, kept_for: timedelta, interval: float) -> None:
    while True:
        try:
            if forgotten := await forget_old_messages(database, kept_for=kept_for):
                log.info("old messages forgotten", service=database.schema, count=forgotten)
        except Exception as error:
            # What is old stays old; a database that is away is told by others.
            if not is_database_fault(error):
                log.error("inbox cleanup failed", service=database.schema, reason=reason_of(error), exc_info=error)
        await asyncio.sleep(interval)
