"""What a box office hears and what it sends: only of its own venue, and nothing about a person but the name."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from culture_connect.contracts.base import Message
from culture_connect.contracts.fields import HeaderSafe, Timestamp, Version
from culture_connect.contracts.ticketing import CancelReason


class FeedTicketIssued(Message):
    """Someone may come in with this code."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.issued.v1"

    ticket_id: UUID
    evening_id: UUID
    code: str
    holder_name: str
    partner_name: str
    version: Version
    issued_at: Timestamp


class FeedTicketCancelled(Message):
    """This ticket no longer counts."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.cancelled.v1"

    ticket_id: UUID
    evening_id: UUID
    version: Version
    reason: CancelReason


class FeedTicketAdmitted(Message):
    """The holder of this ticket is in."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.admitted.v1"

    ticket_id: UUID
    evening_id: UUID
    version: Version
    admitted_at: Timestamp
    scanner: str
    entrance: str | None = None


class AdmissionRefused(Message):
    """This scan let nobody in; `reason` is a code."""

    type: ClassVar[str] = "nl.cultureconnect.admission.refused.v1"

    scan_id: str
    evening_id: UUID
    reason: str
    first_admitted_at: Timestamp | None = None


class AdmissionRecorded(Message):
    """A code was read at the door. The scan has an id of its own, so that sending it twice is one scan."""

    type: ClassVar[str] = "nl.cultureconnect.admission.recorded.v1"

    scan_id: Annotated[HeaderSafe, Field(min_length=1, max_length=100)]
    evening_id: UUID
    code: Annotated[HeaderSafe, Field(min_length=1, max_length=2000)]
    scanned_at: Timestamp
    scanner: Annotated[HeaderSafe, Field(min_length=1, max_length=100)]
    entrance: Annotated[HeaderSafe, Field(min_length=1, max_length=100)] | None = None
