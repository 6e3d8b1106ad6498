"""Days and times as people in The Hague read them, in either language."""

from datetime import date as Day  # noqa: N812  # the name is taken by what is told of it
from datetime import datetime
from functools import lru_cache

from babel.dates import format_date, format_datetime

from culture_connect.contracts import LOCAL_TIME, Language

_LOCALES = {Language.NL: "nl", Language.EN: "en_GB"}
# Dutch letters write 19.30, where the Unicode locale data (CLDR) have 19:30.
_CLOCKS = {Language.NL: "HH.mm", Language.EN: "HH:mm"}


def day(moment: datetime, language: Language) -> str:
    """ "donderdag 7 mei 2026", "Thursday 7 May 2026"."""
    return _local(moment, "EEEE d MMMM y", language)


def short_day(moment: datetime, language: Language) -> str:
    """ "donderdag 7 mei", "Thursday 7 May"."""
    return _local(moment, "EEEE d MMMM", language)


def date(day: Day, language: Language) -> str:
    """ "7 mei 2026", "7 May 2026"."""
    return format_date(day, "d MMMM y", locale=_LOCALES[language])


def clock(moment: datetime, language: Language) -> str:
    """ "19.30" as the Dutch write it, "19:30" in English."""
    return _local(moment, _CLOCKS[language], language)


def hours(starts_at: datetime, ends_at: datetime, language: Language) -> str:
    """ "19.30 – 23.00" in Dutch, "19:30 – 23:00" in English."""
    return f"{clock(starts_at, language)} – {clock(ends_at, language)}"


# Hundreds of letters are about the same evening.
@lru_cache(maxsize=1024)
def _local(moment: datetime, pattern: str, language: Language) -> str:
    return format_datetime(moment, pattern, tzinfo=LOCAL_TIME, locale=_LOCALES[language])
