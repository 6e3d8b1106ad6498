"""How many seats of an evening are kept for each partner until the release (allocation rules, "Allotments")."""

from collections.abc import Mapping


def calculate_allotments(capacity: int, places: Mapping[str, int]) -> dict[str, int]:
    """Seats by partner for an evening of `capacity` seats, from the `places` of the partners that take part.

    Everybody gets their places when the house is large enough; else the largest remainders of `capacity * places /
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
