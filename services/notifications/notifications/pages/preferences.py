"""The page behind the link that switches letters off, in its reader's language."""

from functools import partial
from pathlib import Path
from typing import Any

from culture_connect.contracts import Language
from culture_connect.http.pages import Site
from notifications.pages.translations import say
from notifications.store.preferences import Preference

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Writes the page, and what stands in its place when there is none."""

    def __init__(self) -> None:
        self._site = Site(_TEMPLATES)

    @property
    def policy(self) -> str:
        """The Content-Security-Policy that the pages are made for."""
        return self._site.policy

    def preferences(
        self, preference: Preference, secret: str, language: Language, *, switched: bool = False, faulty: bool = False
    ) -> str:
        """What its reader can do without, and the button that switches it.

        `switched` after they just did, `faulty` when what they posted was no form of ours. Links are relative, for a
        service that is reached below a path.
        """
        return self._fill(
            "preferences.html",
            language,
            secret,
            what="reminders" if preference.partner is None else "digest",
            standing="off" if preference.off else "on",
            # What is posted from a page in another language than the person's own comes back in that language.
            action=secret if language == preference.language else f"{secret}?lang={language}",
            message="faulty" if faulty else "switched" if switched else None,
        )

    def unknown(self, language: Language) -> str:
        """For a link that is nobody's, in both languages: whose it was cannot be told. The browser's comes first."""
        return self._fill("unknown.html", language, languages=sorted(Language, key=lambda each: each is not language))

    def unavailable(self, language: Language) -> str:
        """For when we cannot answer, through no fault of the person."""
        return self._fill("unavailable.html", language, key="unavailable")

    def busy(self, language: Language) -> str:
        """For whoever opens it too often."""
        return self._fill("unavailable.html", language, key="busy")

    def _fill(self, template: str, language: Language, path: str = "", **facts: Any) -> str:
        return self._site.fill(template, language, path, say=partial(say, language=language), say_in=say, **facts)
