"""The same cells mean the same in a workbook and in a CSV file."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from registration.domain.hr_file import HrFile
from tests.support.workbooks import HEADER, NOOR, workbook
from tests.unit.registration.workbook.files import read

# A workbook cannot hold what XML cannot, and a line break in a cell moves the line numbers of a CSV file only.
CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8),
    st.sampled_from(
        ["", " ", "00123", "'=x", "-1", '="7"', "_x0041_", "&amp;", "<a>", "a  b", " a ", "2026-11-05", "é"]
    ),
)
HEADING = (*HEADER, "Tussenvoegsel", "Taal", "Einddatum")


def as_csv(rows: list[tuple[str, ...]]) -> bytes:
    """The rows below the header, as a CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows([HEADING, *rows])
    return text.getvalue().encode()


def meaning(file: HrFile) -> list[object]:
    """Each row with what it asks for, or what is wrong with it."""
    return [(row.line, row.employee_ref, row.request(None)) for row in file.rows()]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(*[CELLS] * len(HEADING)), max_size=4))
def test_rows_of_a_workbook_ask_for_what_the_lines_of_a_csv_file_do(rows: list[tuple[str, ...]]) -> None:
    rows = [*rows, (*NOOR, "", "", "")]
    assert meaning(read(workbook(*rows, header=HEADING))) == meaning(HrFile.read(as_csv(rows)))
