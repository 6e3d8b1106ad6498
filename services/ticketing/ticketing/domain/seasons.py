"""Seasons and their days."""

from datetime import date


def days_of(season: str) -> tuple[date, date]:
    """First and last day of a season such as 2026-2027: 1 September to 31 August, as contracts have it."""
    first, last = season.split("-")
    return date(int(first), 9, 1), date(int(last), 8, 31)
