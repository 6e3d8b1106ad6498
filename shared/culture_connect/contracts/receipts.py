"""What an HR system hears back: one receipt a message."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from culture_connect.contracts.base import Message
from culture_connect.contracts.errors import RefusalError
from culture_connect.contracts.fields import EmployeeRef


class Outcome(StrEnum):
    """What an accepted message did."""

    ENROLLED = "enrolled"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    SCHEDULED = "scheduled"


class EnrolmentAccepted(Message):
    """The message `message_id` was carried out."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.accepted.v1"

    message_id: str
    employee_ref: EmployeeRef
    participant_id: UUID
    outcome: Outcome


class EnrolmentRefused(Message):
    """The message `message_id` changed nothing; `errors` says what to mend."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.refused.v1"

    message_id: str
    employee_ref: EmployeeRef | None = None
    errors: Annotated[list[RefusalError], Field(min_length=1)]


class EnrolmentUndeliverable(Message):
    """Mail to this participant's address bounces."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.undeliverable.v1"

    participant_id: UUID
    employee_ref: EmployeeRef
