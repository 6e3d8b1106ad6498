"""How often a ticket may be offered to an address: whoever tries addresses one after the other learns nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ticketing.domain.refusals import RefusalCode, RequestRefused

PERIOD: Final = timedelta(days=1)
MOST_OF_TICKET: Final = 5
MOST_OF_HOLDER: Final = 10
MOST_TO_ADDRESS: Final = 5  # from one person: all their tickets of a season


@dataclass(frozen=True, slots=True)
class OfferCounts:
    """Offers of the last `PERIOD`: of a ticket, of all tickets of its holder, of those to one address, and when the
    first of each were made.
    """

    of_ticket: int
    of_holder: int
    to_address: int
    first_of_ticket: datetime | None
    first_of_holder: datetime | None
    first_to_address: datetime | None


def check_offer_limits(tries: OfferCounts, now: datetime) -> None:
    """Whether there may be one more. Raises RequestRefused, with the seconds until the first one counts no more."""
    bounds = (
        (tries.of_ticket, MOST_OF_TICKET, tries.first_of_ticket),
        (tries.of_holder, MOST_OF_HOLDER, tries.first_of_holder),
        (tries.to_address, MOST_TO_ADDRESS, tries.first_to_address),
    )
    reached = [first for made, most, first in bounds if made >= most and first is not None]
    if reached:
        raise RequestRefused(
            RefusalCode.TOO_MANY_OFFERS, retry_after=ceil((max(reached) + PERIOD - now).total_seconds())
        )
