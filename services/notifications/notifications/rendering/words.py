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

CHANGE_LABELS = {
    Language.NL: {
        "day": "Datum",
        "time": "Tijd",
        "venue": "Huis",
        "location": "Plaats",
        "title": "Titel",
        "theme": "Thema",
    },
    Language.EN: {
        "day": "Date",
        "time": "Time",
        "venue": "Venue",
        "location": "Location",
        "title": "Title",
        "theme": "Theme",
    },
}

# In the place of the time that a part of the programme had, or has.
NEW_PART = {Language.NL: "stond niet op het programma", Language.EN: "was not on the programme"}
OLD_PART = {Language.NL: "vervalt", Language.EN: "no longer takes place"}
