"""A text in both languages."""

from typing import NamedTuple

from culture_connect.contracts import Language


class Both(NamedTuple):
    """The same in Dutch and in English, with `{names}` of what is filled in."""

    nl: str
    en: str

    def in_(self, language: Language) -> str:
        """The text in that language."""
        return self.en if language == Language.EN else self.nl
