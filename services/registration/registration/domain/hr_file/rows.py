"""One line of a file, and the request it makes of us."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from culture_connect.contracts import EmailText, EmployeeRef, EnrolmentRequested, Model, ValidationError, refusals
from registration.domain.hr_file.cells import TypedCell, misfit
from registration.domain.hr_file.columns import INFIX, Columns
from registration.domain.hr_file.faults import Fault
from registration.domain.hr_file.values import address, cell_text, day, family_name, language
from registration.domain.roster import Person, email_key

_WRITTEN: Final[Sequence[tuple[str, Callable[[str], str | date]]]] = (
    *(("email", address), ("language", language)),
    *(("starts_on", day), ("ends_on", day)),
)


class _Reference(Model):
    employee_ref: EmployeeRef


class _Address(Model):
    email: EmailText


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file; `line` is where it begins. What is in its cells is worked out when it is asked for."""

    line: int
    _cells: Sequence[str] = field(repr=False)
    _columns: Columns = field(repr=False)

    @property
    def employee_ref(self) -> str | None:
        """The employee that the row is about, None when it does not say so as the contract asks.

        Also told of a row that has other faults, so that nobody is taken for absent whose row is there.
        """
        try:
            return _Reference(employee_ref=self._text("employee_ref")).employee_ref
        except ValidationError:
            return None

    @property
    def email_key(self) -> str | None:
        """The key of the e-mail address, None when it is none; also of a row that has other faults."""
        try:
            return email_key(_Address(email=address(self._text("email"))).email)
        except ValidationError:
            return None

    def request(self, known: Person | None) -> EnrolmentRequested | list[Fault]:
        """Returns what the row asks for, or everything that is wrong with it.

        What the file has no column for stays as it is `known`; an empty cell means that there is no such thing.
        """
        if not self._columns.fit(self._cells):
            words = f"has {len(self._cells)} cells where the header has {self._columns.width}"
            return [Fault(self.line, None, "wrong_number_of_cells", words)]
        values = self._values()
        infix = values.pop(INFIX, None)
        wrong = list(self._misfits())
        if infix and "family_name" not in values:  # else a word of the name would be lost
            wrong.append(Fault(self.line, "family_name", "missing", "must be there when there is an infix"))
        if known is not None:
            values |= {name: getattr(known, name) for name in self._columns.unspoken}
        try:
            request = EnrolmentRequested.model_validate(values)
        except ValidationError as error:
            blamed = {fault.field for fault in wrong}
            told = [Fault(self.line, each.field, each.code, each.message) for each in refusals(error)]
            return wrong + [each for each in told if each.field not in blamed]
        return wrong or request

    def _misfits(self) -> Iterator[Fault]:
        """A fault for each cell of a kind that its field cannot have."""
        typed = [at for at, cell in enumerate(self._cells) if isinstance(cell, TypedCell)]
        for name, at in self._columns.positions.items() if typed else ():
            if at in typed and (found := misfit(name, self._cells[at])):
                yield Fault(self.line, "family_name" if name == INFIX else name, *found)

    def _values(self) -> dict[str, Any]:
        """The fields whose cells have text, as the contract writes them."""
        cells = self._cells
        places = self._columns.positions.items()
        values: dict[str, Any] = {
            name: text for name, at in places if at < len(cells) and (text := cell_text(cells[at]))
        }
        for name, written in _WRITTEN:
            if name in values:
                values[name] = written(values[name])
        if INFIX in values and "family_name" in values:
            values["family_name"] = family_name(values[INFIX], values["family_name"])
        return values

    def _text(self, name: str) -> str:
        position = self._columns.positions[name]
        cell = self._cells[position] if position < len(self._cells) else ""
        return "" if isinstance(cell, TypedCell) else cell_text(cell)
