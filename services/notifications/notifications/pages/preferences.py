"""The page behind the link that switches letters off, in its reader's language."""

from pathlib import Path

from culture_connect.contracts import Language
from culture_connect.http.pages import Site
from notifications.store.preferences import Preference

_WORDS = {
    Language.NL: {
        "title": "Welke post je krijgt",
        "reminders": "herinneringen aan een avond, een week en een dag van tevoren",
        "digest": "het weekoverzicht in cijfers",
        "is_on": "Je krijgt nu: {what}.",
        "is_off": "Je krijgt geen post meer met {what}.",
        "switch_off": "Zet dit uit",
        "switch_on": "Zet dit weer aan",
        "always": "Tickets, wijzigingen en afzeggingen krijg je altijd.",
        "unknown_title": "Deze link werkt niet meer",
        "unknown": "We kennen deze link niet, of niet meer. Gebruik de link uit de laatste mail die je van ons kreeg.",
        "unavailable_title": "Dat lukte even niet",
        "unavailable": "Dat ligt aan ons, niet aan jou. Er is niets veranderd; probeer het over een paar minuten weer.",
    },
    Language.EN: {
        "title": "Which letters you get",
        "reminders": "reminders of an evening, a week and a day before",
        "digest": "the weekly overview in numbers",
        "is_on": "You now get: {what}.",
        "is_off": "You no longer get {what}.",
        "switch_off": "Switch this off",
        "switch_on": "Switch this on again",
        "always": "Tickets, changes and cancellations always come.",
        "unknown_title": "This link no longer works",
        "unknown": "We do not know this link, or no longer. Use the link in the last mail that you got from us.",
        "unavailable_title": "That did not work just now",
        "unavailable": "This is our fault, not yours. Nothing has changed; please try again in a few minutes.",
    },
}


class Pages:
    """Writes the page and what stands in its place when there is none."""

    def __init__(self) -> None:
        self._site = Site(Path(__file__).parent / "templates")

    @property
    def policy(self) -> str:
        """The Content-Security-Policy that the pages are made for."""
        return self._site.policy

    def preferences(self, preference: Preference, secret: str, language: Language) -> str:
        """What its reader can do without, and the button that switches it."""
        words = _WORDS[language]
        what = words["digest" if preference.partner else "reminders"]
        return self._site.fill(
            "preferences.html",
            language,
            secret,
            title=words["title"],
            standing=words["is_off" if preference.off else "is_on"].format(what=what),
            always=None if preference.partner else words["always"],
            action=secret,
            wanted="on" if preference.off else "off",
            button=words["switch_on" if preference.off else "switch_off"],
        )

    def unknown(self, language: Language) -> str:
        """For a link that is nobody's."""
        return self._short("unknown", language)

    def unavailable(self, language: Language) -> str:
        """For when we cannot answer, through no fault of the person."""
        return self._short("unavailable", language)

    def _short(self, what: str, language: Language) -> str:
        words = _WORDS[language]
        return self._site.fill("short.html", language, "", title=words[f"{what}_title"], text=words[what])
