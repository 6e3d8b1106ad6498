"""The masked beginning of a message that cannot be read, by which its fault can be explained to its sender.

What it is made of stays to be seen: brackets, quotes, signs, and the names of fields that we know. What it says does
not: letters become `a`, digits `9`, in names that we do not know as well, since a name may be somebody's.
"""

import re
import string
from typing import Final

from culture_connect.contracts import MESSAGES

LONGEST: Final = 1024  # bytes

_SIGNS = frozenset(string.punctuation + " \t\r\n")
# A text with the colon that makes it a name, the last one perhaps cut off; a word of JSON; any other character.
_PART = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)(?P<end>"(?P<colon>\s*:)?)?|(?P<word>(?<!\w)(?:true|false|null)(?!\w))|.', re.DOTALL
)
_ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "data", "data_base64", "datacontenttype")


def _plain(name: str) -> str:
    """The name as every spelling has it: `employeeRef` and `Employee-Ref` are `employee_ref`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_KNOWN_NAMES: Final = frozenset(
    _plain(name)
    for names in (_ATTRIBUTES, *(model.model_fields for models in MESSAGES.values() for model in models))
    for name in names
)


def masked(body: bytes) -> str:
    """The first `LONGEST` bytes of a body without anything that is personal."""
    text = body[:LONGEST].decode(errors="replace")
    if text.lstrip()[:1] in ("{", "["):
        return _PART.sub(_masked_part, text)
    return _masked(text)


def _masked_part(part: re.Match[str]) -> str:
    if part["word"]:
        return part["word"]
    name = part["text"]
    if part["colon"] and name.isascii() and len(name) <= 64 and _plain(name) in _KNOWN_NAMES:
        return part[0]
    return _masked(part[0])


def _masked(text: str) -> str:
    return "".join(map(_mask, text))


def _mask(character: str) -> str:
    if character in _SIGNS:
        return character
    if character.isnumeric():
        return "9"
    return "a" if character.isprintable() or not character.isascii() else "?"
