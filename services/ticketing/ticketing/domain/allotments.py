"""The seats of an evening that are kept for each partner until the release (allocation rules, "Allotments")."""

from collections.abc import Mapping
from datetime import date


def calculate_allotments(capacity: int, places: Mapping[str, int]) -> dict[str, int]:
    """Returns seats by partner for an evening of `capacity` seats, from the `places` of the partners that take part.

    Every partner gets its places when the venue is large enough; else the largest remainders of `capacity * places /
    all places` decide, ties by more places, then by slug.
    """
    wanted = sum(places.values())
    if capacity >= wanted:
        return dict(places)
    seats = {slug: capacity * number // wanted for slug, number in places.items()}
    # All fractions have the same denominator: the remainders of the division compare as they do.
    by_remainder = sorted(places, key=lambda slug: (-(capacity * places[slug] % wanted), -places[slug], slug))
    for slug in by_remainder[: capacity - sum(seats.values())]:
        seats[slug] += 1
    return seats


def season_days(season: str) -> tuple[date, date]:
    """Returns first and last day of a season such as 2026-2027: 1 September to 31 August, as contracts have it."""
    first, last = season.split("-")
    return date(int(first), 9, 1), date(int(last), 8, 31)
