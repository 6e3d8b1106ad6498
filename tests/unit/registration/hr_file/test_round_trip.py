"""The people in a file are those who were put into it, whatever programme wrote it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import EnrolmentRequested, Language
from registration.domain.hr_file import HrFile
from tests.unit.registration.hr_file.files import requests
from tests.unit.registration.hr_file.people import PEOPLE, People, people

HEADERS = [
    ("Personeelsnummer", "Roepnaam", "Achternaam", "E-mail", "Taal", "Datum in dienst", "Datum uit dienst"),
    ("Employee ID", "First Name", "Last Name", "Email Address", "Language", "Start Date", "End Date"),
]
LANGUAGES = [
    {Language.NL: "Nederlands", Language.EN: "Engels"},
    {Language.NL: "Dutch", Language.EN: "English"},
    {Language.NL: "nl-NL", Language.EN: "EN"},
]
# Of Windows-1252 the letters whose bytes never look like UTF-8, which nobody could tell apart.
WESTERN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xC0, 0x100)]))


@dataclass(frozen=True)
class Style:
    """The way in which a programme writes a file."""

    header: Sequence[str]
    languages: dict[Language, str]
    day: str
    delimiter: str
    line_end: str
    quote_all: bool
    names_delimiter: bool

    def day_of(self, day: date | None) -> str:
        """A day in this style."""
        return self.day.format(y=day.year, m=day.month, d=day.day) if day else ""

    def file(self, people: People) -> str:
        """The text of a file with these people."""
        out = io.StringIO(newline="")
        if self.names_delimiter:
            out.write(f"sep={self.delimiter}{self.line_end}")
        writer = csv.writer(
            out,
            delimiter=self.delimiter,
            lineterminator=self.line_end,
            quoting=csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL,
        )
        writer.writerow(self.header)
        writer.writerows(self.cells(person) for person in people)
        return out.getvalue()

    def cells(self, person: EnrolmentRequested) -> Sequence[str]:
        """The cells of somebody."""
        days = (self.day_of(person.starts_on), self.day_of(person.ends_on))
        language = self.languages[person.language]
        return [person.employee_ref, person.given_name, person.family_name, person.email, language, *days]


STYLES = st.builds(
    Style,
    header=st.sampled_from(HEADERS),
    languages=st.sampled_from(LANGUAGES),
    day=st.sampled_from(["{y:04}-{m:02}-{d:02}", "{y:04}-{m:02}-{d:02} 00:00:00", "{d:02}-{m:02}-{y}", "{d}/{m}/{y}"]),
    delimiter=st.sampled_from([";", ",", "\t"]),
    line_end=st.sampled_from(["\r\n", "\n", "\r"]),
    quote_all=st.booleans(),
    names_delimiter=st.booleans(),
)


def plain(people: People) -> People:
    """Those without a cell that is wrapped as spreadsheets do it."""
    return [each for each in people if not any(str(cell).startswith(("'", '="')) for _, cell in each)]


@given(PEOPLE.map(plain), STYLES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_people_in_any_style_and_encoding_are_read_as_they_were(written: People, style: Style, encoding: str) -> None:
    assert requests(HrFile.read(style.file(written).encode(encoding))) == written


@given(people(st.text(WESTERN, min_size=1)).map(plain), STYLES)
def test_people_in_windows_1252_are_read_as_they_were(written: People, style: Style) -> None:
    assert requests(HrFile.read(style.file(written).encode("cp1252"))) == written
