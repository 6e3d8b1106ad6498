"""The place of an evening, as people write it.

A location is told as whoever made the programme wrote it, and many begin with the house ("Beelden aan Zee,
Harteveltstraat 1"). Whoever shows the house as well would name it twice.
"""

import re
from functools import cache

from culture_connect.contracts.values import Venue

# Words that people put before the name of a house, or leave out of it.
_BEFORE = r"(?:(?:museum|het|de|the)\s+)*"
# What stands between the name and the rest; another word is none: "Beelden aan Zeestraat", "PAARD’s".
_AFTER = r"(?:\s*[,;:–—]\s*|\s+[-|·]\s+|\s+|$)"


def address(venue: Venue, location: str) -> str:
    """The location without the house's name in front; empty when it is nothing else."""
    return _named(venue).sub("", location.strip(), count=1).strip()


def where(venue: Venue, location: str) -> str:
    """The house and where to come, on one line, the house once."""
    rest = address(venue, location)
    return f"{venue.label}, {rest}" if rest else venue.label


@cache
def _named(venue: Venue) -> re.Pattern[str]:
    name = r"\s+".join(re.escape(word) for word in venue.label.removeprefix("Het ").split())
    return re.compile(rf"\A{_BEFORE}(?:{name}{_AFTER})+", re.IGNORECASE)
