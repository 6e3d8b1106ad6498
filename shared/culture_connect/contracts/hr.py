"""What a partner's HR system sends. Who it is follows from the queue, never from the payload."""

from datetime import date
from typing import ClassVar, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from culture_connect.contracts.base import Message
from culture_connect.contracts.fields import EmailText, EmployeeRef, Language, PersonName


class EnrolmentRequested(Message):
    """An employee takes part, or their data changed; an upsert by `employee_ref`."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.requested.v1"

    employee_ref: EmployeeRef
    given_name: PersonName
    family_name: PersonName
    email: EmailText
    language: Language = Language.NL
    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise PydanticCustomError("ends_before_start", "ends_on must not be before starts_on")
        return self


class EnrolmentWithdrawn(Message):
    """An employee no longer takes part, from `effective_on`; at once when that is left out."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.withdrawn.v1"

    employee_ref: EmployeeRef
    effective_on: date | None = None


class EnrolmentErased(Message):
    """Everything about an employee must go."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.erased.v1"

    employee_ref: EmployeeRef
