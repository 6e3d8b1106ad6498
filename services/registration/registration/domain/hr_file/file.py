"""A file of an HR department as a whole: what it speaks of, and its rows."""

from collections.abc import Iterator, Sequence
from typing import Self

from culture_connect.contracts import problem
from registration.domain.hr_file.columns import Columns, known_names
from registration.domain.hr_file.decode import decoded
from registration.domain.hr_file.faults import FileFault
from registration.domain.hr_file.rows import Row
from registration.domain.hr_file.sheet import Sheet
from registration.domain.hr_file.tables import Table


class HrFile:
    """A file that can be read; of its contents only the text is held, rows are made when they are asked for.

    `columns` are the contract's fields that it speaks of, `ignored_columns` the names of its other columns, each of
    at most 100 characters.
    """

    def __init__(self, table: Table | Sheet, columns: Columns) -> None:
        self._table = table
        self._columns = columns
        self.columns: frozenset[str] = columns.fields
        self.ignored_columns: Sequence[str] = columns.ignored

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Reads the bytes of a CSV file as far as its header.

        Raises FileFault: no text in it, an encoding that is not known, quotes that do not close, columns that are
        missing or there twice.
        """
        return cls.of(Table.of(decoded(data), known_names))

    @classmethod
    def of(cls, table: Table | Sheet) -> Self:
        """The file with these records, of which the first is the header.

        Raises FileFault where there is none, and for columns that are missing or there twice.
        """
        header = next(table.records(), None)
        if header is None:
            raise FileFault([problem("empty_file", "has nothing in it")])
        return cls(table, Columns.of(header[1]))

    def rows(self) -> Iterator[Row]:
        """The rows below the header, from the first at every call. Raises FileFault where quotes are broken."""
        return (Row(line, cells, self._columns) for line, cells in self._records())

    def count(self) -> int:
        """Returns the number of rows. Raises FileFault where quotes are broken."""
        return sum(1 for _ in self._records())

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        records = self._table.records()
        next(records)
        return records
