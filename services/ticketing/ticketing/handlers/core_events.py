"""Messages that ticketing consumes: all events of registration, and the scans of each box office."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from culture_connect.contracts import (
    AdmissionRecorded,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
)
from culture_connect.messaging import Delivery, Handlers, PermanentFailure, UnitOfWork
from ticketing.metrics import AdmissionMetrics
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.admit import admit
from ticketing.use_cases.apply_events import Event, apply_events

# Scans wait in their queue while the service is stopped.
LONGEST_WAIT: Final = timedelta(days=1)


def registration_events(issuer: Issuer) -> Handlers:
    """Returns the handlers of events of registration: one for all, so that a mixed batch is applied at once."""
    handlers = Handlers()

    @handlers.on(
        PartnerRegistered,
        PartnerChanged,
        PartnerLeft,
        ParticipantEnrolled,
        ParticipantChanged,
        ParticipantWithdrawn,
        ParticipantErased,
        EveningScheduled,
        EveningChanged,
        EveningCancelled,
    )
    async def apply_registration_events(work: UnitOfWork, deliveries: Sequence[Delivery[Event]]) -> None:
        await apply_events(work, deliveries, issuer)

    return handlers


def box_office_scans(codes: Codes, metrics: AdmissionMetrics) -> Handlers:
    """Returns the handlers of the queues of the box offices; messages about one scan keep their order."""
    handlers = Handlers(key=lambda message, _: str(message.scan_id))

    @handlers.on(AdmissionRecorded)
    async def admit_scans(work: UnitOfWork, deliveries: Sequence[Delivery[AdmissionRecorded]]) -> None:
        venue = deliveries[0].party
        if venue is None:
            raise PermanentFailure("sender-unknown")
        scans, causes = [each.message for each in deliveries], [each.envelope for each in deliveries]
        metrics.count(venue, await admit(work, venue, scans, codes, causes, longest_wait=LONGEST_WAIT))

    return handlers
