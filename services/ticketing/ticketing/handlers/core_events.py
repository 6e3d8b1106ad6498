"""What ticketing takes from the bus: everything registration tells, and what the scanners of each box office send."""

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
from ticketing.metrics import DoorMeasures
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.admit import admit
from ticketing.use_cases.apply_events import Event, take_in

# What a scanner sends waits in its queue while we are away.
LONGEST_WAIT: Final = timedelta(days=1)


def registration_events(issuer: Issuer) -> Handlers:
    """The handlers of the queue of the house: one for all, so that a mixed batch is settled once."""
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
    async def registration_told(work: UnitOfWork, deliveries: Sequence[Delivery[Event]]) -> None:
        await take_in(work, deliveries, issuer)

    return handlers


def box_office_scans(codes: Codes, measures: DoorMeasures) -> Handlers:
    """The handlers of the queues of the box offices; what is said of one scan keeps its order."""
    handlers = Handlers(key=lambda message, _: str(message.scan_id))

    @handlers.on(AdmissionRecorded)
    async def scanned(work: UnitOfWork, deliveries: Sequence[Delivery[AdmissionRecorded]]) -> None:
        venue = deliveries[0].party
        if venue is None:
            raise PermanentFailure("sender-unknown")
        scans, causes = [each.message for each in deliveries], [each.envelope for each in deliveries]
        measures.count(venue, await admit(work, venue, scans, codes, causes, longest_wait=LONGEST_WAIT))

    return handlers
