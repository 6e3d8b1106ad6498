"""A replica, as a process of its own, that ends at once when it handles one certain message.

Arguments: database URL, AMQP URLs of `core` and `edge`, the virtual host and the queue that it consumes, the
participant whose message is deadly.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging import Database, Delivery, EventRouter, Service, UnitOfWork
from culture_connect.messaging.consuming import retry_rows
from culture_connect.messaging.routes import VirtualHost
from tests.messaging.kit import BusUrls

DIED = 9  # exit status


async def main(database_url: str, urls: BusUrls, vhost: VirtualHost, queue: str, deadly: UUID) -> None:
    """Runs until it is ended, or ends itself."""
    router = EventRouter()

    @router.batch_subscriber(queue, vhost=vhost)(ErasureCompleted)
    async def handle(work: UnitOfWork, deliveries: Sequence[Delivery[ErasureCompleted]]) -> None:
        participants = [delivery.message.participant_id for delivery in deliveries]
        if deadly in participants:
            os._exit(DIED)
        await work.execute(
            text("insert into effects (participant) select unnest(cast(:participants as uuid[]))"),
            {"participants": participants},
        )

    service = Service(
        name="ticketing",
        settings=urls,
        database=Database(database_url, schema="ticketing"),
        routers=[router],
    )
    async with service.running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    # So long a try may take before the next process may try as well: nobody wants to wait for that here.
    retry_rows.CLAIM = timedelta(seconds=0.2)  # type: ignore[misc]
    database, core, edge, side, consumed, participant = sys.argv[1:]
    asyncio.run(main(database, BusUrls(core, edge), cast("VirtualHost", side), consumed, UUID(participant)))
