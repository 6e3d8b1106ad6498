"""Limits on offers, so that whoever tries one address after the other learns nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ticketing.domain.refusals import RefusalCode, RequestRefused

PERIOD: Final = timedelta(days=1)
MAX_OF_TICKET: Final = 5
MAX_OF_HOLDER: Final = 10
MAX_TO_ADDRESS: Final = 5  # from one person: all their tickets of a season


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


def check_offer_limits(counts: OfferCounts, now: datetime) -> None:
    """Checks that there may be one more. Raises RequestRefused, with the seconds until the first one counts no more."""
    bounds = (
        (counts.of_ticket, MAX_OF_TICKET, counts.first_of_ticket),
        (counts.of_holder, MAX_OF_HOLDER, counts.first_of_holder),
        (counts.to_address, MAX_TO_ADDRESS, counts.first_to_address),
    )
    reached = [first for made, most, first in bounds if made >= most and first is not None]
    if reached:
        raise RequestRefused(
            RefusalCode.TOO_MANY_OFFERS, retry_after=ceil((max(reached) + PERIOD - now).total_seconds())
        )
