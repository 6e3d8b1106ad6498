"""Events that ticketing publishes to the other services. `box_office` has those that box offices receive."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from culture_connect.contracts import examples
from culture_connect.contracts.base import Message, Model
from culture_connect.contracts.values import (
    EveningId,
    Link,
    ParticipantId,
    Text,
    TicketId,
    Timestamp,
    Version,
    Whole,
    described,
)

TicketCode = Annotated[
    Text, Field(min_length=1, max_length=4096, description="What the QR code says: a signed JWS, opaque to readers")
]


AddressHash = Annotated[
    Text,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="The address that this is meant for and no other one, as SHA-256 (hex) of the partner's slug, a"
        " newline, and the address with its domain in ASCII, all in lower case; none from earlier releases",
    ),
]


@described("Why a ticket or waiting place is no more.")
class CancellationReason(StrEnum):
    """The reason for the end of a ticket or waiting place."""

    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    PASSED_ON = "passed-on"
    EVENING_CANCELLED = "evening-cancelled"
    REVOKED = "revoked"


class _Ticket(Model):
    ticket_id: TicketId
    participant_id: ParticipantId
    evening_id: EveningId
    version: Version


class InvitationExtended(Message):
    """A participant is invited to an evening, and may ask for a seat."""

    type: ClassVar[str] = "nl.cultureconnect.invitation.extended.v1"
    example_data: ClassVar = {
        "participant_id": examples.PARTICIPANT_ID,
        "evening_id": examples.EVENING_ID,
        "link": examples.LINK,
    }

    participant_id: ParticipantId
    evening_id: EveningId
    link: Link
    address_sha256: AddressHash | None = None


class TicketIssued(_Ticket, Message):
    """A participant has a seat; told again, with a new code and link, when their address changed."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.issued.v1"
    example_data: ClassVar = {
        **examples.TICKET,
        "code": examples.CODE,
        "link": examples.LINK,
        "issued_at": examples.at(1, 9),
    }

    code: TicketCode
    link: Link | None = None
    issued_at: Timestamp
    address_sha256: AddressHash | None = None
    passed_on_by: Annotated[
        ParticipantId | None, Field(description="The participant who passed this ticket on, if somebody did")
    ] = None


class TicketWaitlisted(_Ticket, Message):
    """A participant has a place in the waiting list; told again, with a new link, when their address changed."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.waitlisted.v1"
    example_data: ClassVar = {**examples.TICKET, "position": 4, "link": examples.LINK}

    position: Annotated[Whole, Field(ge=1, description="Place in the line at this moment; 1 is next")]
    link: Link | None = None
    address_sha256: AddressHash | None = None


class TicketCancelled(_Ticket, Message):
    """A participant's ticket or waiting place is no more."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.cancelled.v1"
    example_data: ClassVar = {**examples.TICKET, "version": 2, "reason": CancellationReason.DECLINED}

    reason: CancellationReason


class TicketAdmitted(_Ticket, Message):
    """The holder of a ticket went in."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.admitted.v1"
    example_data: ClassVar = {**examples.TICKET, "version": 2, "admitted_at": examples.at(19, 18, 12)}

    admitted_at: Timestamp


class TicketOffered(Message):
    """A colleague wants to pass their ticket on to a participant, who is asked to confirm."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.offered.v1"
    example_data: ClassVar = {
        "offer_id": examples.OFFER_ID,
        "ticket_id": examples.TICKET_ID,
        "participant_id": examples.COLLEAGUE_ID,
        "holder_id": examples.PARTICIPANT_ID,
        "evening_id": examples.EVENING_ID,
        "link": "https://tickets.cultureconnect.example/my/t81xw5",
    }

    offer_id: Annotated[UUID, Field(description="The offer, the same however often it is told")]
    ticket_id: Annotated[
        TicketId, Field(description="The ticket, which stays with its holder until the participant confirms")
    ]
    participant_id: Annotated[ParticipantId, Field(description="The participant who is asked")]
    holder_id: Annotated[ParticipantId, Field(description="The participant who holds the ticket")]
    evening_id: EveningId
    link: Annotated[Link, Field(description="Where to confirm")]
    address_sha256: AddressHash | None = None


class ErasureCompleted(Message):
    """The service in the routing key keeps nothing about this participant any more."""

    type: ClassVar[str] = "nl.cultureconnect.erasure.completed.v1"
    example_data: ClassVar = {"participant_id": examples.PARTICIPANT_ID}

    participant_id: ParticipantId
