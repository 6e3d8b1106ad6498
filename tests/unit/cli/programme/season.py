"""Seasons to try things with, as texts of files."""

from typing import Any

import yaml

PARTS = [("concert", "19:30", "21:00"), ("in-depth", "21:00", "21:45"), ("drinks", "21:45", "23:00")]


def evening(venue: str, day: str, **fields: Any) -> dict[str, Any]:
    """An evening from 19:30 to 23:00 as a file has it; a field that is None is left out."""
    both = {"nl": f"Avond bij {venue}", "en": f"Evening at {venue}"}
    parts = [{"kind": kind, "title": both, "starts_at": start, "ends_at": end} for kind, start, end in PARTS]
    said: dict[str, Any] = {
        "venue": venue,
        "title": both,
        "theme": both,
        "starts_at": f"{day} 19:30",
        "ends_at": f"{day} 23:00",
        "location": "Den Haag",
        "capacity": "200",
        "programme": parts,
        **fields,
    }
    return {name: value for name, value in said.items() if value is not None}


def file(*evenings: Any, season: str = "2026-2027") -> str:
    """The text of a file with these evenings."""
    return yaml.safe_dump({"season": season, "evenings": list(evenings)}, allow_unicode=True, sort_keys=False)
