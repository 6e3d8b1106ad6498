"""The translations of the page behind the unsubscribe link: Dutch and English side by side."""

from collections.abc import Mapping
from typing import Final

from culture_connect.contracts import Language
from culture_connect.http.pages import Both

TRANSLATIONS: Final[Mapping[str, Both]] = {
    "reminders": Both("Herinneringen", "Reminders"),
    "reminders-lead": Both(
        "Een week en een dag voor je avond sturen we je het programma, en hoe je er komt.",
        "A week and a day before your evening we send you the programme, and how to get there.",
    ),
    "reminders-on": Both("Je krijgt onze herinneringen", "You receive our reminders"),
    "reminders-on-lead": Both(
        "Heb je ze niet nodig? Dan laten we ze achterwege.",
        "Can you do without them? Then we leave them out.",
    ),
    "reminders-off": Both("Je krijgt geen herinneringen", "You receive no reminders"),
    "reminders-off-lead": Both(
        "Je krijgt geen bericht meer vlak voor een avond. Bedenk je je, dan zet je ze hier zo weer aan.",
        "You no longer hear from us just before an evening. If you change your mind, switch them on again here.",
    ),
    "reminders-switch-off": Both("Geen herinneringen meer", "No more reminders"),
    "reminders-switch-on": Both("Stuur me weer herinneringen", "Send me reminders again"),
    "reminders-always": Both("Wat je altijd krijgt", "What you always receive"),
    "reminders-always-lead": Both(
        "Je uitnodigingen, je tickets en je plek op de wachtlijst, en het nieuws dat een avond verandert of niet"
        " doorgaat: zonder die mails zou je iets missen.",
        "Your invitations, your tickets and your place in the line, and the news that an evening changes or is"
        " cancelled: without those mails you would miss out.",
    ),
    "digest": Both("Het weekoverzicht", "The weekly overview"),
    "digest-lead": Both(
        "Elke maandag: hoe het er bij jouw organisatie voor staat met Culture Connect, in cijfers.",
        "Every Monday: how your organisation is doing with Culture Connect, in numbers.",
    ),
    "digest-on": Both("Je krijgt het weekoverzicht", "You receive the weekly overview"),
    "digest-on-lead": Both(
        "Heb je er niets aan? Dan sturen we het niet meer.",
        "Is it of no use to you? Then we stop sending it.",
    ),
    "digest-off": Both("Je krijgt geen weekoverzicht", "You do not receive the weekly overview"),
    "digest-off-lead": Both(
        "Op maandag sturen we je niets meer. Bedenk je je, dan zet je het hier zo weer aan.",
        "We send you nothing more on Mondays. If you change your mind, switch it on again here.",
    ),
    "digest-switch-off": Both("Geen weekoverzicht meer", "No more weekly overview"),
    "digest-switch-on": Both("Stuur me weer het weekoverzicht", "Send me the weekly overview again"),
    "digest-always": Both("Wat gewoon doorgaat", "What goes on as before"),
    "digest-always-lead": Both(
        "Je collega’s krijgen hun uitnodigingen, tickets en herinneringen: daaraan verandert dit niets.",
        "Your colleagues receive their invitations, tickets and reminders: this changes nothing for them.",
    ),
    "switched": Both("Het is aangepast.", "Your choice is noted."),
    "faulty": Both(
        "We begrepen niet wat je browser stuurde, en hebben niets veranderd. Probeer het hieronder nog eens.",
        "We did not understand what your browser sent, and changed nothing. Please try again below.",
    ),
    "unknown": Both("Deze link kennen we niet", "We do not know this link"),
    "unknown-lead": Both(
        "Hij klopt niet of geldt niet meer. Open de link uit je laatste mail van Culture Connect, of kopieer hem"
        " helemaal.",
        "It is not right, or no longer valid. Open the link in your latest mail from Culture Connect, or copy all"
        " of it.",
    ),
    "unavailable": Both("Een ogenblik geduld", "One moment, please"),
    "unavailable-lead": Both(
        "Het lukt nu even niet, en dat ligt aan ons. Er is niets veranderd: probeer het over een minuut nog eens.",
        "This does not work right now, and the fault is ours. Nothing has changed: please try again in a minute.",
    ),
    "busy": Both("Een ogenblik geduld", "One moment, please"),
    "busy-lead": Both(
        "Deze pagina is in korte tijd heel vaak opgevraagd. Er is niets veranderd: wacht een minuut en probeer het dan"
        " nog eens.",
        "This page was requested very often in a short time. Nothing has changed: please wait a minute and try again.",
    ),
}


def say(key: str, language: Language) -> str:
    """Returns the text of that name. Raises KeyError for a name that is not there."""
    return TRANSLATIONS[key].in_(language)
