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

# Who has neither of both names that anybody could see.
SOMEBODY = {Language.NL: "deelnemer", Language.EN: "participant"}

HOURS = {Language.NL: "{day}, {starts} tot {ends} uur", Language.EN: "{day}, {starts} to {ends}"}

# What stands above the old and the new.
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
