"""Messages of an HR system, and rosters they meet."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from culture_connect.contracts import (
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Language,
)
from registration.domain.enrolment import Command, Decision, decide
from registration.domain.roster import Contract, Participant, Person, Roster, Standing

TODAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
CONTRACT = Contract("acme", places=3, ends_on=date(2027, 8, 31))


def request(employee_ref: str = "e-1", *, sent_at: datetime = NOW, **fields: Any) -> Command:
    """An enrolment of somebody who is called after their reference, unless told otherwise."""
    given = {
        "given_name": "Noor",
        "family_name": f"de {employee_ref}",
        "email": f"{employee_ref}@acme.example",
        **fields,
    }
    message = EnrolmentRequested(employee_ref=employee_ref, **given)
    return Command(message, sent_at, uuid4())


def withdrawal(employee_ref: str = "e-1", effective_on: date | None = None, *, sent_at: datetime = NOW) -> Command:
    """A withdrawal, at once or from a day."""
    return Command(EnrolmentWithdrawn(employee_ref=employee_ref, effective_on=effective_on), sent_at, uuid4())


def erasure(employee_ref: str = "e-1", *, sent_at: datetime = NOW) -> Command:
    """The wish to be forgotten."""
    return Command(EnrolmentErased(employee_ref=employee_ref), sent_at, uuid4())


def participant(
    employee_ref: str = "e-1",
    *,
    standing: Standing = Standing.ENROLLED,
    leaves_on: date | None = None,
    version: int = 1,
    participant_id: UUID | None = None,
) -> Participant:
    """Somebody who was enrolled as `request` asks for."""
    person = Person(
        given_name="Noor",
        family_name=f"de {employee_ref}",
        email=f"{employee_ref}@acme.example",
        email_key=f"{employee_ref}@acme.example",
        language=Language.NL,
        starts_on=None,
        ends_on=None,
    )
    return Participant(participant_id or uuid4(), employee_ref, standing, person, leaves_on, version)


def roster(*participants: Participant, contract: Contract | None = CONTRACT) -> Roster:
    """A partner with these participants and no others."""
    return Roster(contract, sum(each.enrolled for each in participants), participants)


def told(participants: Iterable[Participant], command: Command) -> Decision:
    """Returns what is decided today at acme about this command, with these participants."""
    return decide(roster(*participants), command, TODAY)


def codes(decision: Decision) -> list[str]:
    """Returns why the command was refused."""
    return [error.code for error in decision.errors]
