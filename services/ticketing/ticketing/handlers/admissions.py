"""Handlers of the messages of box offices: scans at their doors."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from culture_connect.contracts import AdmissionRecorded
from culture_connect.messaging import Delivery, EventRouter, PermanentFailure, UnitOfWork
from culture_connect.messaging.topology import ADMISSION_QUEUES
from ticketing.metrics import DoorMeasures
from ticketing.tickets.codes import Codes
from ticketing.use_cases.admit import admit

# What a scanner sends waits in its queue while this service is away.
LONGEST_WAIT: Final = timedelta(days=1)


def admission_router(codes: Codes, measures: DoorMeasures) -> EventRouter:
    """Subscribes to the queues of the box offices; messages about one scan keep their order."""
    router = EventRouter()
    admissions = router.batch_subscriber(
        ADMISSION_QUEUES, vhost="edge", ordering_key=lambda message, _: str(message.scan_id)
    )

    @admissions(AdmissionRecorded)
    async def admit_scans(work: UnitOfWork, deliveries: Sequence[Delivery[AdmissionRecorded]]) -> None:
        venue = deliveries[0].party
        if venue is None:
            raise PermanentFailure("sender-unknown")
        scans, causes = [each.message for each in deliveries], [each.envelope for each in deliveries]
        measures.count(venue, await admit(work, venue, scans, codes, causes, longest_wait=LONGEST_WAIT))

    return router
