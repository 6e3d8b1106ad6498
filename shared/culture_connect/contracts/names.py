"""Names of people, and the characters in them that nobody sees.

Some people have one name only: one of the two is empty then, and never both.
"""

import re
import unicodedata
from typing import Final

_JOINERS: Final = "\u200c\u200d"  # they shape Persian and Indic words, and join emoji to one
_FLAG: Final = "\U0001f3f4"  # tags behind it say whose flag it is
_TAGS: Final = re.compile("[\U000e0020-\U000e007f]")
# Fillers and selectors that show nothing by themselves, though Unicode counts them as letters, marks or symbols.
_FILLERS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


def full_name(given_name: str, family_name: str) -> str:
    """The name as people write it; a person with one name gets no blank before or after it."""
    return f"{given_name} {family_name}".strip()


def without_format_characters(text: str) -> str:
    """The text without invisible format characters, but for those that belong to words and to emoji.

    A joiner stays between two signs that it can join, and a tag behind the flag that it belongs to.
    """
    if text.isascii():
        return text
    seen = [each for each in text if unicodedata.category(each) != "Cf" or each in _JOINERS or _TAGS.match(each)]
    kept: list[str] = []
    for place, each in enumerate(seen):
        before = kept[-1] if kept else ""
        if each in _JOINERS:
            after = seen[place + 1] if place + 1 < len(seen) else ""
            if not (_joins(before) and _joins(after)):
                continue
        elif _TAGS.match(each) and not (before == _FLAG or _TAGS.match(before)):
            continue
        kept.append(each)
    return "".join(kept)


def has_visible_sign(text: str) -> bool:
    """Returns whether the text has a visible sign: a letter, a digit, a symbol or punctuation."""
    return any(unicodedata.category(each)[0] in "LNSP" and not _FILLERS.match(each) for each in text)


def has_invisible_sign(text: str) -> bool:
    """Returns whether the text has an invisible sign, or one that looks like a blank and is another one."""
    return not text.isascii() and any(
        (unicodedata.category(each) in ("Cf", "Zs") and each != " ") or _FILLERS.match(each) for each in text
    )


def _joins(sign: str) -> bool:
    return bool(sign) and (unicodedata.category(sign)[0] in "LM" or unicodedata.category(sign) in ("So", "Sk"))
