"""Messages of a partner's HR system. The queue says which partner it is; nothing in the data does."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from culture_connect.contracts import examples
from culture_connect.contracts.base import Message
from culture_connect.contracts.values import (
    Day,
    EmployeeRef,
    Language,
    LastDay,
    MailAddress,
    NewEmployeeRef,
    NewPersonName,
    rule,
)


class EnrolmentRequested(Message):
    """This employee takes part: enrols them, changes what is known of them, or brings a withdrawn one back."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.requested.v1"
    example_data: ClassVar = {**examples.PERSON, "employee_ref": "E-10442"}

    employee_ref: NewEmployeeRef
    given_name: NewPersonName = ""
    family_name: Annotated[NewPersonName, Field(validate_default=True)] = ""
    email: MailAddress
    language: Annotated[Language, Field(description="Language of their letters")] = Language.NL
    starts_on: Annotated[Day | None, Field(description="First day on which they take part")] = None
    ends_on: Annotated[
        LastDay, Field(description="Last day on which they take part; 9999-12-31 is read as no last day")
    ] = None

    @field_validator("family_name")
    @classmethod
    def _has_a_name(cls, family_name: str, info: ValidationInfo) -> str:
        if not family_name and not info.data.get("given_name", "reported already"):
            raise rule("no_name", "must be there when given_name is not")
        return family_name

    @field_validator("ends_on")
    @classmethod
    def _ends_after_it_starts(cls, ends_on: date | None, info: ValidationInfo) -> date | None:
        starts_on = info.data.get("starts_on")
        if ends_on is not None and starts_on is not None and ends_on < starts_on:
            raise rule("before_start", "must not be before starts_on")
        return ends_on


class EnrolmentWithdrawn(Message):
    """This employee no longer takes part."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.withdrawn.v1"
    example_data: ClassVar = {"employee_ref": "E-10442", "effective_on": date(2027, 2, 1)}

    employee_ref: EmployeeRef
    effective_on: Annotated[
        Day | None, Field(description="First day on which they no longer take part; today when absent")
    ] = None


class EnrolmentErased(Message):
    """Everything that is known of this employee is to be forgotten."""

    type: ClassVar[str] = "nl.cultureconnect.enrolment.erased.v1"
    example_data: ClassVar = {"employee_ref": "E-10442"}

    employee_ref: EmployeeRef
