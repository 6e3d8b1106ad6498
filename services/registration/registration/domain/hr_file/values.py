"""Values of cells: text without its wrapping, days, languages and family names as HR systems write them."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

# What some spreadsheet takes for the beginning of a formula: signs of any width, the minus of mathematics, and white
# space that moves text into another cell (OWASP, "CSV Injection").
_SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\t\r\n"
# What programs drop before they look: marks without width, fillers, and what turns the direction of writing.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
)
# An apostrophe of our own may stand before it, which is taken away when the file is read.
_FORMULA: Final = re.compile(f"[\\s'{_UNSEEN}]*[{_SIGNS}]")
_AS_TEXT: Final = re.compile('="((?:[^"]|"")*)"')

_MIDNIGHT: Final = r"(?:[Tt ]0?0:00(?::00(?:\.0+)?)?)?"
_YEAR_FIRST: Final = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_MIDNIGHT}")
_DAY_FIRST: Final = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_MIDNIGHT}")

_LANGUAGES: Final = {"nederlands": "nl", "dutch": "nl", "engels": "en", "english": "en"}
_LOCALE: Final = re.compile("(nl|en)(?:[-_][a-z]{2})?")


def protected(value: str) -> str:
    """The value with an apostrophe before it where a spreadsheet would run it as a formula.

    A value that looks like one protected already gets another apostrophe, so that `cell_text` gives it back whole.
    """
    return f"'{value}" if _FORMULA.match(value) else value


def cell_text(cell: str) -> str:
    """The text of a cell without white space around it, our apostrophe before it, or Excel's `="..."` around it."""
    text = cell.strip()
    if not text.startswith(("'", "=")):
        return text
    if text.startswith("'") and _FORMULA.match(text):
        return text[1:].strip()
    quoted = _AS_TEXT.fullmatch(text)
    return quoted[1].replace('""', '"').strip() if quoted else text


@lru_cache(maxsize=1000)  # the lines of a file have few different days
def day(text: str) -> date | str:
    """A day in one of the ways in which it is written; anything that is not known as a day comes back as it is.

    With or without midnight behind it; when the year is last, the day is first, as is the custom in the Netherlands.
    """
    if match := _YEAR_FIRST.fullmatch(text):
        year, _, month, number = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        number, _, month, year = match.groups()
    else:
        return text
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        return text


def address(text: str) -> str:
    """An e-mail address with its domain in lower case: so the contract has it too, which takes ten times longer."""
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{domain.lower()}" if domain.isascii() else text


def language(text: str) -> str:
    """The contract's code of a language; anything that is not known as one comes back as it is."""
    folded = text.casefold()
    locale = _LOCALE.fullmatch(folded)
    return locale[1] if locale else _LANGUAGES.get(folded, text)


def family_name(infix: str, name: str) -> str:
    """The family name with its infix before it, once: `van der Berg`, and `d'Ahaus` without a space.

    A name that begins with the infix has it already, and so has one in the order of a telephone book (`Berg, van der`).
    """
    glue = "" if infix.endswith(("'", "’")) else " "
    folded, prefix = name.casefold(), infix.casefold()
    has_it = folded.startswith(prefix + glue) or folded.endswith(f", {prefix}")
    return name if not infix or not name or has_it else f"{infix}{glue}{name}"
