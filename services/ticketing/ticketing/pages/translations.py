"""The texts of the personal page: Dutch and English side by side, with `{names}` of what is filled in."""

from collections.abc import Mapping
from typing import Final

from culture_connect.contracts import Language
from culture_connect.http.pages import Both

TRANSLATIONS: Final[Mapping[str, Both]] = {
    # Around everything.
    "when-and-where": Both("Wanneer en waar", "When and where"),
    "times": Both("{starts} – {ends} uur", "{starts} – {ends}"),
    "programme": Both("Het programma", "The programme"),
    "exhibition": Both("Tentoonstelling", "Exhibition"),
    "performance": Both("Voorstelling", "Performance"),
    "concert": Both("Concert", "Concert"),
    "in-depth": Both("Verdieping", "In depth"),
    "drinks": Both("Borrel", "Drinks"),
    "institutions": Both("De huizen van Culture Connect", "The houses of Culture Connect"),
    # The states of somebody with regard to the evening: a heading and a first line.
    "invited": Both("Kom je ook?", "Will you join us?"),
    "invited-lead": Both(
        "Je bent van harte uitgenodigd. Is er plaats, dan krijg je meteen je ticket; anders kom je op de wachtlijst.",
        "You are warmly invited. If there is a place, your ticket comes at once; if not, you join the waiting list.",
    ),
    "waiting": Both("Je staat op de wachtlijst", "You are on the waiting list"),
    "waiting-lead": Both(
        "Komt er een plaats vrij en ben jij aan de beurt, dan sturen we je meteen je ticket. Je hoeft daar niets voor"
        " te doen.",
        "When a place comes free and it is your turn, we send you your ticket straight away. There is nothing you need"
        " to do.",
    ),
    "waiting-closed": Both(
        "De wachtlijst is gesloten: er schuift niemand meer door. Het is deze keer helaas niet gelukt; we hopen je op"
        " een volgende avond te zien.",
        "The waiting list has closed: nobody moves up any more. Unfortunately it was not to be this time; we hope to"
        " see you at another evening.",
    ),
    "place-in-line": Both("Jouw plek in de rij", "Your place in the line"),
    "ticket": Both("Je bent erbij", "You’re in"),
    "ticket-lead": Both(
        "Laat deze code zien bij de ingang, op je telefoon of op papier.",
        "Show this code at the entrance, on your phone or on paper.",
    ),
    "ticket-picture": Both(
        "QR-code van je ticket: laat deze zien bij de ingang",
        "QR code of your ticket: show it at the entrance",
    ),
    "ticket-name": Both("Op naam van", "In the name of"),
    "ticket-once": Both("Geeft één keer toegang.", "Admits you once."),
    "admitted": Both("Welkom!", "Welcome!"),
    "admitted-lead": Both(
        "Je bent om {clock} uur binnengekomen. Een mooie avond gewenst.",
        "You came in at {clock}. Have a wonderful evening.",
    ),
    "admitted-over": Both("Fijn dat je erbij was", "Good that you were there"),
    "admitted-over-lead": Both(
        "Dank je wel voor je komst. Tot een volgende avond!",
        "Thank you for coming. See you at another evening!",
    ),
    "declined": Both("Je komt deze keer niet", "You are not coming this time"),
    "declined-lead": Both(
        "Dank je wel dat je het liet weten: zo kan iemand anders erbij zijn.",
        "Thank you for letting us know: now somebody else can be there.",
    ),
    "passed-on": Both("Je ticket is doorgegeven", "Your ticket has been passed on"),
    "passed-on-lead": Both(
        "Je collega gaat in jouw plaats. De code die je had, geldt niet meer.",
        "Your colleague goes in your place. The code you had is no longer valid.",
    ),
    "lost": Both("Je plaats is vervallen", "Your place has been released"),
    "lost-lead": Both(
        "Je hebt geen plaats meer voor deze avond. Een code die je had, geldt niet meer.",
        "You no longer have a place for this evening. Any code you had is no longer valid.",
    ),
    "not-active": Both("Je doet op deze dag niet mee", "You do not take part on this day"),
    "not-active-lead": Both(
        "Een plaats is er alleen voor wie op de dag van de avond deelnemer van Culture Connect is. Klopt dat niet?"
        " Vraag het na bij je organisatie: die meldt deelnemers aan.",
        "Places are for those who are participants of Culture Connect on the day of the evening. Does that seem wrong?"
        " Ask your organisation, which enrols participants.",
    ),
    "missed": Both("Deze keer is het niet gelukt", "It was not to be this time"),
    "missed-lead": Both(
        "De avond is begonnen en er kwam geen plaats voor je vrij. We hopen je op een volgende avond te zien.",
        "The evening has begun, and no place came free for you. We hope to see you at another evening.",
    ),
    "begun": Both("De avond is begonnen", "The evening has begun"),
    "begun-lead": Both(
        "Aanmelden kan niet meer. We hopen je op een volgende avond te zien.",
        "It is too late to ask for a place. We hope to see you at another evening.",
    ),
    "over": Both("Deze avond is voorbij", "This evening is over"),
    "over-lead": Both(
        "We hopen je op een volgende avond te zien.",
        "We hope to see you at another evening.",
    ),
    "cancelled": Both("Deze avond gaat niet door", "This evening is cancelled"),
    "cancelled-lead": Both(
        "Je hoeft niets te doen. Een code voor deze avond geldt niet meer. We hopen je op een andere avond te zien.",
        "There is nothing you need to do. Any code for this evening is no longer valid. We hope to see you at another"
        " evening.",
    ),
    # Coming, and not coming.
    "come": Both("Ik wil graag komen", "I would like to come"),
    "come-again": Both("Ik wil toch komen", "I would like to come after all"),
    "come-again-lead": Both(
        "Toch zin om te komen? Je sluit dan achteraan aan in de rij.",
        "Would you like to come after all? You then join the end of the line.",
    ),
    "changed-plans": Both("Andere plannen?", "Change of plans?"),
    "decline": Both("Ik kan niet komen", "I can’t come"),
    "decline-lead": Both(
        "Je ticket vervalt dan meteen en je plaats gaat naar iemand anders. Bedenk je je later, dan sluit je achteraan"
        " aan in de rij.",
        "Your ticket then ends at once, and your place goes to somebody else. If you change your mind later, you join"
        " the end of the line.",
    ),
    "decline-offered": Both(
        "Je aanbod aan je collega vervalt dan ook.",
        "Your offer to your colleague then ends as well.",
    ),
    "decline-confirm": Both("Ja, geef mijn plaats terug", "Yes, give my place back"),
    "leave": Both("Ik hoef niet meer te wachten", "I no longer wish to wait"),
    "leave-lead": Both(
        "Je verlaat dan de wachtlijst. Bedenk je je later, dan sluit je achteraan aan.",
        "You then leave the waiting list. If you change your mind later, you join its end.",
    ),
    "leave-confirm": Both("Ja, haal me van de wachtlijst", "Yes, take me off the list"),
    # Passing on.
    "pass-on": Both("Doorgeven aan een collega", "Pass on to a colleague"),
    "pass-on-lead": Both(
        "Doet je collega mee namens dezelfde organisatie en heeft die nog geen ticket, dan sturen we een mail om te"
        " bevestigen. Tot dat moment blijft het ticket van jou. Wie er meedoet, vertellen we niet.",
        "If your colleague takes part for the same organisation and has no ticket yet, we send them a mail to confirm."
        " Until then the ticket stays yours. We do not tell who takes part.",
    ),
    "email": Both("E-mailadres van je collega", "Your colleague’s e-mail address"),
    "pass-on-confirm": Both("Bied mijn ticket aan", "Offer my ticket"),
    "offer-made": Both(
        "Je biedt dit ticket aan een collega aan. Zodra die bevestigt, geldt jouw code niet meer. Tot dan is het van"
        " jou. Gebeurt er niets? Vraag je collega dan of onze mail is aangekomen.",
        "You are offering this ticket to a colleague. As soon as they confirm, your code is no longer valid. Until then"
        " it is yours. If nothing happens, ask your colleague whether our mail has arrived.",
    ),
    "take-back": Both("Trek het aanbod in", "Take the offer back"),
    "offer": Both("Een ticket voor jou", "A ticket for you"),
    "offer-lead": Both(
        "{holder} wil je het ticket voor deze avond doorgeven. Neem je het aan, dan is de plaats van jou.",
        "{holder} would like to pass their ticket for this evening on to you. If you accept, the seat is yours.",
    ),
    "somebody": Both("Een collega", "A colleague"),
    "offer-waiting": Both(
        "Je plek op de wachtlijst geef je daarmee op.",
        "You then give up your place on the waiting list.",
    ),
    "accept": Both("Ja, graag", "Yes, please"),
    "refuse": Both("Nee, dank je", "No, thank you"),
    "refuse-lead": Both("Het ticket blijft dan waar het is.", "The ticket then stays where it is."),
    "refuse-confirm": Both("Wijs het aanbod af", "Turn the offer down"),
    # Explaining.
    "why-ticket": Both("Hoe kwam ik aan deze plaats?", "How did I get this place?"),
    "why-waiting": Both("Waarom heb ik nog geen plaats?", "Why have I no place yet?"),
    "why-missed": Both("Waarom kreeg ik geen plaats?", "Why did I not get a place?"),
    "why-lost": Both("Waarom is mijn plaats vervallen?", "Why was my place released?"),
    "why-not-active": Both("Waarom?", "Why?"),
    "decided-at": Both("Besloten op {day} om {clock} uur.", "Decided on {day} at {clock}."),
    "fairness": Both(
        "Zo verdelen we de plaatsen: wie dit seizoen het minst vaak een ticket heeft, gaat voor. Daarna komt de"
        " organisatie die naar verhouding de minste plaatsen heeft, daarna wie zich het eerst aanmeldde. Is dan nog"
        " alles gelijk, dan beslist het lot.",
        "This is how places are shared out: whoever has the fewest tickets this season comes first. Next comes the"
        " organisation with the fewest places in proportion, then whoever asked first. If all is still equal, a lot"
        " decides.",
    ),
    # What was just done.
    "said-asked": Both("Leuk dat je wilt komen!", "Good that you would like to come!"),
    "said-declined": Both("Het is doorgegeven: je komt niet.", "We have noted that you are not coming."),
    "said-offered": Both(
        "Je aanbod is gedaan. Kan je collega het ticket overnemen, dan sturen we een mail om te bevestigen.",
        "Your offer is made. If your colleague can take the ticket over, we send them a mail to confirm.",
    ),
    "said-taken-back": Both(
        "Je aanbod is ingetrokken: het ticket blijft van jou.",
        "Your offer is taken back: the ticket stays yours.",
    ),
    "said-accepted": Both("Gelukt: het ticket is nu van jou.", "Done: the ticket is now yours."),
    "said-refused": Both("Je hebt het aanbod afgewezen.", "You turned the offer down."),
    # What went wrong.
    "fault-email": Both(
        "Vul het e-mailadres van je collega in, zoals naam@organisatie.nl.",
        "Please enter your colleague’s e-mail address, such as name@organisation.nl.",
    ),
    "fault": Both(
        "Er ontbrak iets aan wat je browser stuurde ({field}). Probeer het hieronder nog eens.",
        "Something was missing from what your browser sent ({field}). Please try again below.",
    ),
    "unknown": Both("Deze pagina kennen we niet", "We do not know this page"),
    "unknown-lead": Both(
        "De link klopt niet of geldt niet meer. Open de link uit je laatste mail van Culture Connect, of kopieer hem"
        " helemaal.",
        "The link is not right or is no longer valid. Open the link in your latest mail from Culture Connect, or copy"
        " all of it.",
    ),
    "unavailable": Both("Een ogenblik geduld", "One moment, please"),
    "unavailable-lead": Both(
        "We kunnen je pagina nu even niet laten zien. Probeer het over een minuut nog eens.",
        "We cannot show your page right now. Please try again in a minute.",
    ),
    "busy": Both("Een ogenblik geduld", "One moment, please"),
    "busy-lead": Both(
        "Je pagina is in korte tijd heel vaak opgevraagd. Wacht een minuut en probeer het dan nog eens.",
        "Your page was requested very often in a short time. Please wait a minute and try again.",
    ),
}


def say(key: str, language: Language, **facts: object) -> str:
    """Returns the text of that name, filled in. Raises KeyError for a name or a fact that is not there."""
    return TRANSLATIONS[key].in_(language).format(**facts)
