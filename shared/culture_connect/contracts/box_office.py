"""Messages to a box office about its own evenings, and from it. No e-mail, employee or participant ever."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, Strict

from culture_connect.contracts import examples
from culture_connect.contracts.base import Message
from culture_connect.contracts.ticketing import CancellationReason, TicketCode
from culture_connect.contracts.values import (
    EveningId,
    HolderName,
    Line,
    PartnerName,
    Text,
    TicketId,
    Timestamp,
    Version,
    described,
    rule,
)

ScanId = Annotated[
    Line, Field(min_length=1, max_length=100, description="The scan's own id: sent twice it is still one scan")
]
Scanner = Annotated[Line, Field(min_length=1, max_length=100, description="Which device scanned")]
Entrance = Annotated[Line, Field(min_length=1, max_length=100, description="Which door")]


def _without_nul(text: str) -> str:
    # Some scanners end what they read with it.
    stripped = text.strip("\0")
    if "\0" in stripped or (text and not stripped):
        raise rule("control_character", "must not have the character NUL")
    return stripped


@described("Why a code was not let in.")
class AdmissionRefusal(StrEnum):
    """The reason for refusing a code at the door."""

    UNKNOWN_CODE = "unknown-code"
    WRONG_EVENING = "wrong-evening"
    CANCELLED = "cancelled"
    PASSED_ON = "passed-on"
    ALREADY_ADMITTED = "already-admitted"
    SCAN_ID_REUSED = "scan-id-reused"
    REPLACED = "replaced"


class FeedTicketIssued(Message):
    """A ticket for one of your evenings: its code admits its holder, once."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.issued.v1"
    example_data: ClassVar = {
        **examples.FEED_TICKET,
        "code": examples.CODE,
        "holder_name": "Noor de Wit-Yılmaz",
        "partner_name": "Acme N.V.",
        "issued_at": examples.at(1, 9),
    }

    ticket_id: TicketId
    evening_id: EveningId
    code: TicketCode
    holder_name: HolderName
    partner_name: PartnerName
    version: Version
    issued_at: Timestamp


class FeedTicketCancelled(Message):
    """A ticket for one of your evenings no longer admits anyone."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.cancelled.v1"
    example_data: ClassVar = {
        **examples.FEED_TICKET,
        "version": 2,
        "reason": CancellationReason.DECLINED,
    }

    ticket_id: TicketId
    evening_id: EveningId
    version: Version
    reason: CancellationReason


class FeedTicketAdmitted(Message):
    """The holder of a ticket went in, here or at another door of yours."""

    type: ClassVar[str] = "nl.cultureconnect.ticket.admitted.v1"
    example_data: ClassVar = {
        **examples.FEED_TICKET,
        "version": 2,
        "admitted_at": examples.at(19, 18, 12),
        "scanner": "scanner-2",
        "entrance": "Prinsegracht",
    }

    ticket_id: TicketId
    evening_id: EveningId
    version: Version
    admitted_at: Timestamp
    scanner: Scanner
    entrance: Entrance | None = None


class AdmissionRefused(Message):
    """A scan of yours did not admit anyone."""

    type: ClassVar[str] = "nl.cultureconnect.admission.refused.v1"
    example_data: ClassVar = {
        "scan_id": "0f7c1f1a-8f9b-4a53-9a41-7a8e5b0e7d44",
        "evening_id": examples.EVENING_ID,
        "reason": AdmissionRefusal.ALREADY_ADMITTED,
        "first_admitted_at": examples.at(19, 18, 12),
    }

    scan_id: ScanId
    evening_id: EveningId
    reason: AdmissionRefusal
    first_admitted_at: Annotated[
        Timestamp | None, Field(description="When this code was let in, where it was before")
    ] = None


class AdmissionRecorded(Message):
    """A code was scanned at the door."""

    type: ClassVar[str] = "nl.cultureconnect.admission.recorded.v1"
    example_data: ClassVar = {
        "scan_id": "0f7c1f1a-8f9b-4a53-9a41-7a8e5b0e7d44",
        "evening_id": examples.EVENING_ID,
        "code": examples.CODE,
        "scanned_at": examples.at(19, 18, 12),
        "scanner": "scanner-2",
        "entrance": "Prinsegracht",
        "sent_at": examples.at(19, 18, 12),
    }

    scan_id: ScanId
    evening_id: EveningId
    # Whatever the scanner saw, save what no database keeps: a code that is none of ours gets an answer too.
    code: Annotated[
        Text, AfterValidator(_without_nul), Field(min_length=1, max_length=4096, description="What the scanner read")
    ]
    scanned_at: Annotated[Timestamp, Field(description="When it was scanned, by the scanner's own clock")]
    scanner: Scanner
    entrance: Entrance | None = None
    offline: Annotated[
        bool, Strict(), Field(description="True when the scanner judged by itself and tells afterwards")
    ] = False
    sent_at: Annotated[
        Timestamp | None, Field(description="The scanner's own clock when it told: its skew is corrected by it")
    ] = None
