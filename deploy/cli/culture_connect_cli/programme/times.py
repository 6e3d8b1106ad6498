"""Local times of The Hague, as people write them: without an offset, or as a time of day within an evening."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<clock>\d\d:\d\d(:\d\d)?) ?(?P<offset>Z|[+-]\d\d:\d\d)?", re.ASCII
)
_CLOCK = re.compile(r"\d?\d:\d\d", re.ASCII)


class InvalidTimeError(ValueError):
    """The text is not an unambiguous time; the message says why."""


def parse_moment(text: object) -> datetime:
    """The time of `2026-05-07 19:30` in The Hague, or with the offset in the text.

    Raises InvalidTimeError for another text, and for a local time that is skipped or repeated by a clock change.
    """
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    try:
        if match is None:
            raise ValueError
        local = datetime.fromisoformat(f"{match['day']}T{match['clock']}{match['offset'] or ''}")
    except ValueError:
        raise InvalidTimeError("must be a time such as 2026-11-05 19:30") from None
    return local if local.tzinfo else _local(local)


def is_clock(text: object) -> bool:
    """True when the text is a time of day without a day, such as 19:30."""
    return isinstance(text, str) and _CLOCK.fullmatch(text) is not None


def parse_clock(text: str, starts_at: datetime, ends_at: datetime) -> datetime:
    """The time of a time of day during an evening: on the day it starts, or after midnight if it lasts that long.

    Raises InvalidTimeError as `parse_moment` does.
    """
    start = starts_at.astimezone(LOCAL_TIME)
    try:
        clock = time.fromisoformat(text.zfill(5))
    except ValueError:
        raise InvalidTimeError("must be a time such as 19:30") from None
    after_midnight = clock < start.time() and local_day(ends_at) > start.date()
    day = start.date() + timedelta(days=1) if after_midnight else start.date()
    return _local(datetime.combine(day, clock))


def format_local(at: datetime) -> str:
    """Day and time of day in The Hague, in the format of the file."""
    return f"{at.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M}"


def _local(local: datetime) -> datetime:
    earlier, later = (local.replace(tzinfo=LOCAL_TIME, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier.astimezone(LOCAL_TIME).replace(tzinfo=None) != local:
        raise InvalidTimeError(
            f"does not exist in The Hague, where the clock goes forward then: {_with_offsets(local)}"
        )
    if earlier != later:
        raise InvalidTimeError(f"comes twice in The Hague, where the clock goes back then: {_with_offsets(local)}")
    # With the offset instead of the zone, so that days are counted back as in registration.
    return datetime.fromisoformat(earlier.astimezone(LOCAL_TIME).isoformat())


def _with_offsets(local: datetime) -> str:
    text = local.isoformat(" ", "minutes")
    return f"write an offset, {text}+02:00 or {text}+01:00"
