"""Receipts to an HR system: one for each message, and news that concerns it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from culture_connect.contracts import examples
from culture_connect.contracts.base import Message
from culture_connect.contracts.problems import RefusalError
from culture_connect.contracts.values import EmployeeRef, MessageId, ParticipantId, Text, described

__all__ = ["EnrolmentAccepted", "EnrolmentRefused", "EnrolmentUndeliverable", "Outcome", "RefusalError", "Unasked"]


@described("What an accepted message led to.")
class Outcome(StrEnum):
    """The effect of an accepted message."""

    ENROLLED = "enrolled"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    SCHEDULED = "scheduled"


@described("Why something was done that no message asked for.")
class Unasked(StrEnum):
    """The reason for an effect that no message asked for."""

    PARTNER_LEFT = "partner-left"


class EnrolmentAccepted(Message):
    """The message with this id was understood and done."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.accepted.v1"
    example_data: ClassVar = {
        "message_id": examples.MESSAGE_ID,
        "employee_ref": "E-10442",
        "participant_id": examples.PARTICIPANT_ID,
        "outcome": Outcome.ENROLLED,
    }

    message_id: MessageId
    employee_ref: EmployeeRef
    participant_id: ParticipantId
    outcome: Annotated[
        Outcome, Field(description="What it led to; scheduled is a start or a withdrawal on a day still to come")
    ]
    reason: Annotated[
        Unasked | None,
        Field(description="Why it was done although nothing asked for it; `message_id` is then that of the event"),
    ] = None


class EnrolmentRefused(Message):
    """The message with this id had no effect, for these reasons."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.refused.v1"
    example_data: ClassVar = {
        "message_id": examples.MESSAGE_ID,
        "employee_ref": "E-10442",
        "errors": [RefusalError(field="email", code="not_an_address", message="must be an e-mail address")],
    }

    message_id: MessageId
    employee_ref: EmployeeRef | None = None
    errors: Annotated[
        list[RefusalError],
        Field(min_length=1, description="Each with the path of the field, a stable code, and words for people"),
    ]


class EnrolmentUndeliverable(Message):
    """Mail to this employee's address bounces: it needs correcting."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.undeliverable.v1"
    example_data: ClassVar = {"participant_id": examples.PARTICIPANT_ID, "employee_ref": "E-10442"}

    participant_id: ParticipantId
    employee_ref: EmployeeRef
    email: Annotated[
        Text | None, Field(max_length=320, description="The address that bounces, which is the one we have at present")
    ] = None
