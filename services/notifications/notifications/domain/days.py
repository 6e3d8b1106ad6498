"""The programme lives in The Hague: its days and times are those of Europe/Amsterdam."""

from datetime import date, datetime

from culture_connect.contracts import LOCAL_TIME


def local_day(moment: datetime) -> date:
    """The day it is in The Hague at this moment."""
    return moment.astimezone(LOCAL_TIME).date()
