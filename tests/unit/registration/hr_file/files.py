"""Files as HR departments export them, and what is found in them."""

from collections.abc import Sequence

import pytest

from culture_connect.contracts import EnrolmentRequested, Language
from registration.domain.hr_file import Fault, FileFault, HrFile
from registration.domain.roster import Person

HEADER = "Personeelsnummer;Voornaam;Achternaam;E-mailadres"
NOOR = "00123;Noor;de Vries;noor@acme.example"
EVA = "00124;Eva;Bakker;eva@acme.example"


def read(*lines: str, header: str = HEADER) -> HrFile:
    """A file of Excel's: these lines below a header."""
    return HrFile.read("".join(f"{line}\r\n" for line in (header, *lines)).encode("utf-8-sig"))


def requests(file: HrFile, known: Person | None = None) -> list[EnrolmentRequested]:
    """The requests of the rows of a file; none of them may have a fault."""
    return [asked(row.request(known)) for row in file.rows()]


def asked(found: EnrolmentRequested | list[Fault]) -> EnrolmentRequested:
    """The request of a row that has no faults."""
    assert isinstance(found, EnrolmentRequested), found
    return found


def faults(file: HrFile) -> list[Fault]:
    """Everything that is wrong with the rows of a file."""
    found = [row.request(None) for row in file.rows()]
    return [fault for each in found if isinstance(each, list) for fault in each]


def told(file: HrFile) -> list[tuple[int, str | None, str]]:
    """The faults of a file without their words."""
    return [(fault.line, fault.field, fault.code) for fault in faults(file)]


def refused(data: bytes) -> list[tuple[str | None, str]]:
    """The problems of a file that cannot be used: field and code of each problem."""
    with pytest.raises(FileFault) as caught:
        list(HrFile.read(data).rows())
    return [(problem.field, problem.code) for problem in caught.value.problems]


def names(file: HrFile) -> Sequence[str]:
    """The given names in a file, in its order."""
    return [request.given_name for request in requests(file)]


def a_person(**fields: object) -> Person:
    """Somebody who is known, as far as it matters here."""
    given = {"language": Language.EN, "starts_on": None, "ends_on": None, **fields}
    return Person("Noor", "de Vries", "noor@acme.example", "noor@acme.example", **given)  # type: ignore[arg-type] # fields of a person
