"""Handlers of the messages of box offices: scans at their doors."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from culture_connect.contracts import AdmissionRecorded
from culture_connect.messaging import Delivery, EventRouter, PermanentFailure, UnitOfWork
from culture_connect.messaging.topology import ADMISSION_QUEUES
from ticketing.metrics import AdmissionMetrics
from ticketing.tickets.codes import Codes
from ticketing.use_cases.admit import admit

# Scans wait in their queue while the service is stopped.
LONGEST_WAIT: Final = timedelta(days=1)


def admission_router(codes: Codes, metrics: AdmissionMetrics) -> EventRouter:
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
        metrics.count(venue, await admit(work, venue, scans, codes, causes, longest_wait=LONGEST_WAIT))

    return router
