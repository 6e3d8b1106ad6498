"""Ids of evenings, written into the file of their season without any other change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import yaml

from culture_connect_cli.api.client import Api
from culture_connect_cli.programme.apply import read
from culture_connect_cli.programme.plan import ids_of
from culture_connect_cli.programme.season_file import ID, SeasonFileError, read_season, season_of


async def write_ids(api: Api, path: Path) -> int:
    """Adds the ids that are in the programme and not in the file; returns their number.

    Raises SeasonFileError when the file cannot be used, ApiError.
    """
    season, programme = await read(api, read_season(path))
    found = ids_of(season.entries, programme)
    if found:
        with path.open(encoding="utf-8", newline="") as file:  # keeps its line ends
            text = with_ids(file.read(), found)
        ids = {entry.number: entry.evening_id for entry in season_of(text).entries}
        if any(ids[number] != evening_id for number, evening_id in found.items()):
            lines = (f"evening {number}, {ID}: add `{ID}: {evening_id}`" for number, evening_id in found.items())
            raise SeasonFileError(["the ids cannot be added automatically", *lines])
        try:
            with path.open("w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise SeasonFileError([f"{path}: {error.strerror}"]) from None
    return len(found)


def with_ids(text: str, ids: Mapping[int, UUID]) -> str:
    """The text of a valid file with these ids; evenings are counted from 1."""
    document = yaml.compose(text, yaml.BaseLoader)
    assert isinstance(document, yaml.MappingNode)  # noqa: S101 - it was read already
    evenings = next(value for key, value in document.value if key.value == "evenings")
    # From the end, so that positions before it stay valid.
    for number, evening_id in sorted(ids.items(), reverse=True):
        start, end, insert = _place(evenings.value[number - 1])
        text = f"{text[:start]}{insert.format(evening_id)}{text[end:]}"
    return text


def _place(evening: yaml.MappingNode) -> tuple[int, int, str]:
    """Start and end of the text to replace, and its replacement with {} for the id."""
    for key, value in evening.value:
        if key.value == ID:
            # An empty value has a position too.
            return value.start_mark.index, value.end_mark.index, "{}" if value.value else " {}"
    first = evening.value[0][0].start_mark  # after a YAML anchor
    below = ", " if evening.flow_style else f"\n{' ' * first.column}"
    return first.index, first.index, f"{ID}: {{}}{below}"
