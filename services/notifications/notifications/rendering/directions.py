"""How to get to each house. Only what stays true for years: an evening's own location is told beside it."""

from collections.abc import Mapping

from culture_connect.contracts import Language, Venue

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
