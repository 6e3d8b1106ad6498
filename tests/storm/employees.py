"""A model of a partner's employees: the messages that it sends, and the receipts and rows that must follow."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import uuid4

Style = Literal["none", "seconds", "exact"]
Verb = Literal["requested", "withdrawn", "erased"]

MARK_LENGTH: Final = 13
_LATE: Final = (3.0, 20.0)  # seconds that an overtaken message was sent before the one that overtook it


def new_mark() -> str:
    """A name like no other, to be found again: M and twelve hexadecimal digits."""
    return f"M{uuid4().hex[: MARK_LENGTH - 1]}"


class EmployeeStatus(StrEnum):
    """The status of an employee by the messages that were sent."""

    UNKNOWN = "unknown"
    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


@dataclass(frozen=True)
class Sent:
    """A message of an HR system; `time` is when it says it was sent, `expected` the outcome in its receipt.

    `mark` is a name that no other message has, so that what is kept of it can be found again.
    """

    id: str
    verb: Verb
    employee_ref: str
    time: datetime
    expected: str
    mark: str | None = None


@dataclass
class Employee:
    """One employee and everything that was sent about them."""

    ref: str
    status: EmployeeStatus = EmployeeStatus.UNKNOWN
    mark: str | None = None
    last: datetime | None = None
    sent: list[Sent] = field(default_factory=list)

    def marks(self) -> set[str]:
        """All names they were ever given."""
        return {each.mark for each in self.sent if each.mark}


@dataclass
class Staff:
    """The employees of a partner, told of by lot.

    `style` is how its HR system dates messages: not at all, in whole seconds (the AMQP timestamp), or exactly. A system
    that dates its messages now and then sends one that was overtaken: dated before the last of the same employee.
    """

    partner: str
    style: Style
    dice: random.Random
    employees: Sequence[Employee]

    @classmethod
    def of(cls, partner: str, style: Style, count: int, dice: random.Random) -> "Staff":
        """So many employees, of whom nothing was said yet."""
        return cls(partner, style, dice, [Employee(f"{partner}-{number}") for number in range(count)])

    def next(self) -> Sent:
        """Returns the next message and its employee; the model counts it as sent."""
        employee = self.dice.choice(self.employees)
        if self.style != "none" and employee.last is not None and self.dice.random() < 0.12:
            return self._overtaken(employee, employee.last)
        return self._command(employee)

    def _command(self, employee: Employee) -> Sent:
        now = datetime.now(UTC)
        choices: dict[EmployeeStatus, list[tuple[Verb, str, int]]] = {
            EmployeeStatus.UNKNOWN: [("requested", "enrolled", 1)],
            EmployeeStatus.WITHDRAWN: [("requested", "enrolled", 5), ("erased", "erased", 1)],
            EmployeeStatus.ERASED: [("requested", "enrolled", 1)],
            EmployeeStatus.ENROLLED: [
                ("requested", "changed", 2),
                ("requested", "unchanged", 1),
                ("withdrawn", "withdrawn", 4),
                ("erased", "erased", 1),
            ],
        }
        possible = choices[employee.status]
        verb, expected, _ = self.dice.choices(possible, [weight for *_, weight in possible])[0]
        mark = employee.mark if expected == "unchanged" else new_mark()
        sent = Sent(str(uuid4()), verb, employee.ref, now, expected, mark if verb == "requested" else None)
        employee.sent.append(sent)
        employee.last = now
        employee.status = {
            "requested": EmployeeStatus.ENROLLED,
            "withdrawn": EmployeeStatus.WITHDRAWN,
            "erased": EmployeeStatus.ERASED,
        }[verb]
        # Who was withdrawn keeps what was known of them.
        employee.mark = sent.mark if verb == "requested" else None if verb == "erased" else employee.mark
        return sent

    def _overtaken(self, employee: Employee, last: datetime) -> Sent:
        """A request from before the last message, which the service has by now: it is to be refused."""
        time = last - timedelta(seconds=self.dice.uniform(*_LATE))
        sent = Sent(str(uuid4()), "requested", employee.ref, time, "refused", new_mark())
        employee.sent.append(sent)
        return sent
