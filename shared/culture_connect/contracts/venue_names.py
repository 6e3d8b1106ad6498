"""The place of an evening, as people write it.

A location is free text, and many begin with the name of the venue ("Beelden aan Zee, Harteveltstraat 1"). A line with
venue and location would have that name twice.
"""

import re
from functools import cache

from culture_connect.contracts.values import Venue

# Words that people put before the name of a venue, or leave out of it.
_BEFORE = r"(?:(?:museum|het|de|the)\s+)*"
# Signs between the name and the rest; the name is not a part of another word: "Beelden aan Zeestraat", "PAARD’s".
_AFTER = r"(?:\s*[,;:–—]\s*|\s+[-|·]\s+|\s+|$)"


def address(venue: Venue, location: str) -> str:
    """Returns the location without the venue's name in front; empty when it is nothing else."""
    return _named(venue).sub("", location.strip(), count=1).strip()


def where(venue: Venue, location: str) -> str:
    """Returns venue and location on one line, with the venue's name once."""
    rest = address(venue, location)
    return f"{venue.label}, {rest}" if rest else venue.label


@cache
def _named(venue: Venue) -> re.Pattern[str]:
    name = r"\s+".join(re.escape(word) for word in venue.label.removeprefix("Het ").split())
    return re.compile(rf"\A{_BEFORE}(?:{name}{_AFTER})+", re.IGNORECASE)
