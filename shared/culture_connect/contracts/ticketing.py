"""What ticketing tells the other services."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from culture_connect.contracts.base import Message
from culture_connect.contracts.fields import Timestamp, Version


class CancelReason(StrEnum):
    """Why a ticket no longer counts."""

    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    PASSED_ON = "passed-on"
    EVENING_CANCELLED = "evening-cancelled"
    REVOKED = "revoked"


class InvitationExtended(Message):
    """A participant may ask for a seat."""

    type: ClassVar[str] = "nl.cultureconnect.invitation.extended.v1"

    participant_id: UUID
    evening_id: UUID
    link: str


class _Ticket(Message):
    ticket_id: UUID
    participant_id: UUID
    evening_id: UUID
    version: Version


class TicketIssued(_Ticket):
    """A participant has a seat; `code` is what the door reads."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.issued.v1"

    code: str
    issued_at: Timestamp
    link: str | None = None


class TicketWaitlisted(_Ticket):
    """A participant has a place in the line, counted from 1."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.waitlisted.v1"

    position: Annotated[int, Field(strict=True, ge=1)]
    link: str | None = None


class TicketCancelled(_Ticket):
    """A participant no longer has the seat or the place in the line."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.cancelled.v1"

    reason: CancelReason


class TicketAdmitted(_Ticket):
    """A participant is in."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.admitted.v1"

    admitted_at: Timestamp


class ErasureCompleted(Message):
    """This service holds nothing about the participant any more; also sent by notifications."""

    type: ClassVar[str] = "nl.cultureconnect.erasure.completed.v1"

    participant_id: UUID
