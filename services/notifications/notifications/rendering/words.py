"""The few fixed words that letters and calendar entries share."""

from culture_connect.contracts import Language

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
