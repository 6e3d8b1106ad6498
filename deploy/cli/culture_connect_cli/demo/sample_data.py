"""Invented data: three partners, their employees, and two evenings."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from culture_connect.contracts import LOCAL_TIME


@dataclass(frozen=True)
class Partner:
    """An employer with its participants."""

    slug: str
    name: str
    places: int
    people: tuple[dict[str, Any], ...]


_GIVEN = (
    "Sanne", "Daan", "Noor", "Bram", "Fleur", "Youssef", "Lotte", "Sem",
    "Aylin", "Tess", "Jesse", "Priya", "Koen", "Mila", "Ruben",
)  # fmt: skip
_FAMILY = (
    "de Vries", "Bakker", "van der Berg", "Yilmaz", "Janssen", "el Amrani", "van den Heuvel",
    "Visser", "Okafor", "de Jong", "Özdemir", "Mulder", "in 't Veld", "Šimić", "Peeters",
)  # fmt: skip


def _people(partner: str, count: int, offset: int) -> tuple[dict[str, Any], ...]:
    """Invented employees; every fourth reads English."""
    return tuple(
        {
            "employee_ref": f"{partner}-{number + 1:03d}",
            "given_name": _GIVEN[(number + offset) % len(_GIVEN)],
            "family_name": _FAMILY[(number * 4 + offset) % len(_FAMILY)],
            "email": f"person{number + 1}@{partner}.example",
            "language": "en" if number % 4 == 3 else "nl",
        }
        for number in range(count)
    )


PARTNERS = (
    Partner("zeebank", "Zeebank", 20, _people("zeebank", 15, 0)),
    Partner("acme", "Acme Duurzaam", 15, _people("acme", 12, 5)),
    Partner("gemeente", "Gemeente aan Zee", 15, _people("gemeente", 10, 9)),
)

PEOPLE = sum(len(partner.people) for partner in PARTNERS)


def evenings(first_day: date) -> tuple[dict[str, Any], ...]:
    """Two evenings, a day apart: one with room for everyone, one with a waiting list."""
    return (
        _evening(
            first_day,
            venue="paard",
            location="Prinsegracht 12, Den Haag",
            title={"nl": "De stad als podium", "en": "The city as a stage"},
            theme={"nl": "Wie maakt de stad?", "en": "Who makes the city?"},
            art=("concert", {"nl": "Concert in de grote zaal", "en": "Concert in the main hall"}),
            capacity=PEOPLE + 8,
        ),
        _evening(
            first_day + timedelta(days=1),
            venue="ndt",
            location="Amare, Spuiplein 150, Den Haag",
            title={"nl": "In beweging", "en": "In motion"},
            theme={"nl": "Leiden zonder woorden", "en": "Leading without words"},
            art=("performance", {"nl": "Voorstelling van NDT", "en": "Performance by NDT"}),
            capacity=PEOPLE - 7,
        ),
    )


def _evening(day: date, *, venue: str, art: tuple[str, dict[str, str]], **fields: Any) -> dict[str, Any]:
    in_depth = {"nl": "Verdiepend gesprek over het thema", "en": "In-depth talk on the theme"}
    return {
        "season": season_of(day),
        "venue": venue,
        "starts_at": _at(day, 19, 30),
        "ends_at": _at(day, 23, 0),
        "programme": [
            {"kind": art[0], "title": art[1], "starts_at": _at(day, 19, 30), "ends_at": _at(day, 21, 0)},
            {"kind": "in-depth", "title": in_depth, "starts_at": _at(day, 21, 0), "ends_at": _at(day, 21, 45)},
            {
                "kind": "drinks",
                "title": {"nl": "Borrel", "en": "Drinks"},
                "starts_at": _at(day, 21, 45),
                "ends_at": _at(day, 23, 0),
            },
        ],
        **fields,
    }


def season_of(day: date) -> str:
    """The season that a day falls in; it begins on 1 September."""
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}-{first + 1}"


def _at(day: date, hour: int, minute: int) -> str:
    return datetime.combine(day, time(hour, minute), LOCAL_TIME).isoformat()
