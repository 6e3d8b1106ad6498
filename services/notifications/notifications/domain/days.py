"""The programme lives in The Hague: its days and times are those of Europe/Amsterdam."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local_day(moment: datetime) -> date:
    """The day it is in The Hague at this moment."""
    return moment.astimezone(AMSTERDAM).date()
