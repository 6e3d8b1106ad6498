"""Days and times as people in The Hague read them, in either language."""

from datetime import datetime

from culture_connect.contracts import LOCAL_TIME, Language

_DAYS = {
    Language.NL: ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    Language.NL: (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    Language.EN: (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def day(moment: datetime, language: Language) -> str:
    """ "donderdag 7 mei 2026", "Thursday 7 May 2026"."""
    return f"{short_day(moment, language)} {moment.astimezone(LOCAL_TIME).year}"


def short_day(moment: datetime, language: Language) -> str:
    """ "donderdag 7 mei", "Thursday 7 May"."""
    local = moment.astimezone(LOCAL_TIME)
    return f"{_DAYS[language][local.weekday()]} {local.day} {_MONTHS[language][local.month - 1]}"


def date(moment: datetime, language: Language) -> str:
    """ "7 mei 2026", "7 May 2026"."""
    return day(moment, language).partition(" ")[2]


def clock(moment: datetime, language: Language) -> str:
    """ "19.30" as the Dutch write it, "19:30" in English."""
    return moment.astimezone(LOCAL_TIME).strftime("%H.%M" if language is Language.NL else "%H:%M")
