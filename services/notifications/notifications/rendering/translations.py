"""Fixed texts of letters, calendar entries and printed tickets, in Dutch and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from culture_connect.contracts import Language, Venue

PROGRAMME_KINDS = {
    Language.NL: {
        "exhibition": "Tentoonstelling",
        "performance": "Voorstelling",
        "concert": "Concert",
        "in-depth": "Verdieping",
        "drinks": "Borrel",
    },
    Language.EN: {
        "exhibition": "Exhibition",
        "performance": "Performance",
        "concert": "Concert",
        "in-depth": "In depth",
        "drinks": "Drinks",
    },
}

# Calls a reader who has no visible name.
NO_NAME = {Language.NL: "deelnemer", Language.EN: "participant"}

HOURS = {Language.NL: "{day}, {starts} tot {ends} uur", Language.EN: "{day}, {starts} to {ends}"}

# Labels above the old and the new value of a change.
CHANGES = {
    Language.NL: {
        "when": "Wanneer",
        "where": "Waar",
        "title": "Titel",
        "theme": "Thema",
        "new": "Nieuw op het programma",
        "gone": "Niet meer op het programma",
    },
    Language.EN: {
        "when": "When",
        "where": "Where",
        "title": "Title",
        "theme": "Theme",
        "new": "New on the programme",
        "gone": "No longer on the programme",
    },
}


@dataclass(frozen=True, slots=True)
class TicketLabels:
    """The fixed texts of a printed ticket."""

    when: str
    where: str
    holder: str
    show: str
    programme: str
    small_print: str


TICKET_LABELS = {
    Language.NL: TicketLabels(
        when="Wanneer",
        where="Waar",
        holder="Op naam van",
        show="Laat deze code zien bij de ingang",
        programme="Programma",
        small_print="Dit ticket staat op naam en geeft één keer toegang. Kun je niet komen? Geef je plaats dan terug "
        "of door aan een collega, op je persoonlijke pagina: de link staat in de mail waar dit ticket bij zat. "
        "Deel de code met niemand: wie er als eerste mee binnenkomt, heeft de plaats.",
    ),
    Language.EN: TicketLabels(
        when="When",
        where="Where",
        holder="In the name of",
        show="Show this code at the entrance",
        programme="Programme",
        small_print="This ticket is personal and admits one person once. Unable to come? Give your seat back, or pass "
        "it on to a colleague, on your personal page: the link is in the mail that brought this ticket. "
        "Keep the code to yourself: whoever comes in with it first has the seat.",
    ),
}

# How to get to each venue. Only what stays true for years: an evening's own location is told beside it.
_AMARE = {
    Language.NL: "Amare ligt aan het Spuiplein, op tien minuten lopen van Den Haag Centraal. "
    "De tramhalte Spui is om de hoek. Kom je met de fiets, stal die dan in een van de stallingen rond het Spui.",
    Language.EN: "Amare is on Spuiplein, a ten-minute walk from Den Haag Centraal. "
    "Tram stop Spui is around the corner. Coming by bicycle? Leave it in one of the bicycle parks around Spui.",
}

DIRECTIONS: Mapping[Venue, Mapping[Language, str]] = {
    Venue.NDT: _AMARE,
    Venue.RESIDENTIE_ORKEST: _AMARE,
    Venue.PAARD: {
        Language.NL: "PAARD zit aan de Prinsegracht 12, midden in het centrum: een kwartier lopen van Den Haag "
        "Centraal en een paar minuten van de tramhalte Grote Markt. Er zijn fietsenstallingen bij de Grote Markt.",
        Language.EN: "PAARD is at Prinsegracht 12, in the middle of town: a quarter of an hour on foot from "
        "Den Haag Centraal and a few minutes from tram stop Grote Markt. There are bicycle parks at Grote Markt.",
    },
    Venue.BEELDEN_AAN_ZEE: {
        Language.NL: "Museum Beelden aan Zee ligt in de duinen van Scheveningen, aan de Harteveltstraat 1, vlak bij de "
        "boulevard en het Kurhaus. Neem vanaf Den Haag Centraal de tram naar Scheveningen en stap uit bij het Kurhaus; "
        "vandaar is het een paar minuten lopen. Fietsen kun je bij het museum neerzetten.",
        Language.EN: "Museum Beelden aan Zee lies in the dunes of Scheveningen, at Harteveltstraat 1, close to the "
        "promenade and the Kurhaus. Take the tram to Scheveningen from Den Haag Centraal and get off at the Kurhaus; "
        "from there it is a few minutes’ walk. Bicycles can be left at the museum.",
    },
    Venue.HET_NATIONALE_THEATER: {
        Language.NL: "De Koninklijke Schouwburg van Het Nationale Theater staat aan het Korte Voorhout 3, op vijf "
        "minuten lopen van Den Haag Centraal. Fietsen kun je kwijt op het Korte Voorhout.",
        Language.EN: "The Koninklijke Schouwburg of Het Nationale Theater is at Korte Voorhout 3, a five-minute walk "
        "from Den Haag Centraal. Bicycles can be left on Korte Voorhout.",
    },
}
