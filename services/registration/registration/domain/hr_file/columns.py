"""The columns of a file and the fields of the contract: the names that HR systems give them."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from culture_connect.contracts import RefusalError, problem
from registration.domain.hr_file.faults import COLUMNS, FileFault

REQUIRED: Final = ("employee_ref", "given_name", "family_name", "email")
OPTIONAL: Final = ("language", "starts_on", "ends_on")
INFIX: Final = "infix"
_LONGEST_NAME: Final = 100
_MOST_COLUMNS: Final = 100

# Dutch and English; the first two of each are the examples that are given when a column is missing. Not here, since
# they would be taken for what they are not: “naam” (often the whole name), “voornamen” (not what people are called),
# “tot” (the day itself not included).
NAMES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = MappingProxyType(
    {
        "employee_ref": (
            (
                *("personeelsnummer", "medewerkernummer", "personeelsnr", "medewerkersnummer", "medewerkernr"),
                *("medewerkersnr", "werknemersnummer", "werknemernummer", "werknemersnr", "werknemernr", "stamnummer"),
                *("medewerker-id", "werknemer-id", "personeels-id", "medewerkercode"),
            ),
            (
                *("employee number", "staff number", "employee ref", "employee reference", "employee id"),
                *("employee no", "employee nr", "employee code", "staff id", "staff no", "personnel number"),
                *("personnel no", "personnel id", "payroll number", "worker id"),
            ),
        ),
        "given_name": (("voornaam", "roepnaam"), ("given name", "first name", "forename")),
        INFIX: (
            ("tussenvoegsel", "tussenvoegsels", "voorvoegsel", "voorvoegsels"),
            ("infix", "name prefix", "surname prefix", "family name prefix", "last name prefix"),
        ),
        "family_name": (("achternaam", "familienaam"), ("family name", "last name", "surname")),
        "email": (
            (
                *("e-mailadres", "werkmail", "mailadres", "werk e-mail", "e-mail werk", "e-mailadres werk"),
                *("zakelijke e-mail", "e-mail zakelijk", "zakelijk e-mailadres", "e-mailadres zakelijk"),
            ),
            (
                *("email address", "work email", "email", "mail", "mail address", "work email address", "work mail"),
                *("business email", "business email address"),
            ),
        ),
        "language": (
            ("taal", "voorkeurstaal", "correspondentietaal", "taalcode"),
            ("language", "preferred language", "correspondence language", "language code"),
        ),
        "starts_on": (
            (
                *("startdatum", "begindatum", "ingangsdatum", "datum in dienst", "datum indiensttreding"),
                *("datum indienst", "indienstdatum", "vanaf"),
            ),
            ("start date", "starts on", "start", "from", "begin date", "hire date"),
        ),
        "ends_on": (
            (
                *("einddatum", "datum uit dienst", "datum uitdiensttreding", "datum uitdienst", "uitdienstdatum"),
                *("t/m", "tot en met"),
            ),
            ("end date", "ends on", "end", "until", "termination date"),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of the fields: `positions` by the contract's names and `infix`, in a header of `width` cells.

    `ignored` are the names of columns that mean nothing to us, `unspoken` the optional fields without a column.
    """

    positions: Mapping[str, int]
    width: int
    ignored: tuple[str, ...]
    unspoken: tuple[str, ...]

    @classmethod
    def of(cls, header: Sequence[str]) -> Self:
        """The columns of a header.

        Raises FileFault when a required one is missing, one is there twice, or there are too many.
        """
        names = [name.strip() for name in header]
        width = max((place for place, name in enumerate(names, 1) if name), default=0)
        if width > _MOST_COLUMNS:
            raise FileFault([problem("too_long", f"must be at most {_MOST_COLUMNS}", field=COLUMNS)])
        found: dict[str, list[int]] = {}
        ignored: dict[str, None] = {}
        for position, name in enumerate(names):
            field = field_of(name)
            if field is not None:
                found.setdefault(field, []).append(position)
            elif name:
                ignored[name[:_LONGEST_NAME]] = None
        problems = [_twice(field, [names[each] for each in places]) for field, places in found.items() if places[1:]]
        problems += [_missing(field) for field in REQUIRED if field not in found]
        if problems:
            raise FileFault(problems)
        positions = {field: places[0] for field, places in found.items()}
        unspoken = tuple(field for field in OPTIONAL if field not in found)
        return cls(positions, len(names), tuple(ignored), unspoken)

    @property
    def fields(self) -> frozenset[str]:
        """The contract's fields that the file speaks of."""
        return frozenset(self.positions) - {INFIX}

    def fit(self, cells: Sequence[str]) -> bool:
        """Returns whether a record has the header's number of cells, apart from empty ones at the end.

        A line on which cells of required columns are left away is only half of one.
        """
        if len(cells) > self.width:
            return not "".join(cells[self.width :]).strip()
        return all(self.positions[field] < len(cells) for field in REQUIRED)


def field_of(name: str) -> str | None:
    """The field that a column of this name is for, None when the name says nothing to us."""
    return _FIELDS.get(_plain(name))


def is_header(names: Sequence[str]) -> bool:
    """True when every required field has a column of one of these names, within those that a file may have."""
    return {field_of(name) for name in names[:_MOST_COLUMNS]}.issuperset(REQUIRED)


def known_names(header: Sequence[str]) -> int:
    """Returns the number of different fields that the header names, within the columns that one may have."""
    return len({field_of(name) for name in header[:_MOST_COLUMNS]} - {None})


def _plain(name: str) -> str:
    """A name without case, accents, spaces and signs: the form in which names are compared."""
    decomposed = unicodedata.normalize("NFKD", name[:_LONGEST_NAME]).casefold()
    return "".join(character for character in decomposed if character.isalnum())


_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {_plain(name): field for field, languages in NAMES.items() for names in languages for name in names}
)


def _twice(field: str, names: Sequence[str]) -> RefusalError:
    # These names are known ones, so nothing is repeated here that might be somebody's.
    listed = " and ".join(f"“{name}”" for name in names)
    return problem("duplicate_column", f"must have one column for {field}, not {listed}", field=COLUMNS)


def _missing(field: str) -> RefusalError:
    dutch, english = (" or ".join(f"“{name}”" for name in names[:2]) for names in NAMES[field])
    message = f"must have one for {field}, called for instance {dutch} in Dutch, {english} in English"
    return problem("missing_column", message, field=COLUMNS)
