"""The page behind the unsubscribe link, in its reader's language."""

from functools import partial
from pathlib import Path
from typing import Any

from culture_connect.contracts import Language
from culture_connect.http.pages import Site
from notifications.pages.translations import say
from notifications.store.preferences import Preference

_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders the page, and those shown in its place when there is none."""

    def __init__(self) -> None:
        self._site = Site(_TEMPLATES)

    @property
    def policy(self) -> str:
        """Returns the Content-Security-Policy that the pages are made for."""
        return self._site.policy

    def preferences(
        self, preference: Preference, secret: str, language: Language, *, switched: bool = False, faulty: bool = False
    ) -> str:
        """Renders what its reader can switch off, and the button for it.

        `switched` right after they did, `faulty` when they posted another form than ours. Links are relative, for a
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
        """Renders the page for an unknown link, in both languages, the browser's first."""
        return self._fill("unknown.html", language, languages=sorted(Language, key=lambda each: each is not language))

    def unavailable(self, language: Language) -> str:
        """Renders the page for a failure of the service."""
        return self._fill("unavailable.html", language, key="unavailable")

    def busy(self, language: Language) -> str:
        """Renders the page for a client that opens it too often."""
        return self._fill("unavailable.html", language, key="busy")

    def _fill(self, template: str, language: Language, path: str = "", **facts: Any) -> str:
        return self._site.fill(template, language, path, say=partial(say, language=language), say_in=say, **facts)
