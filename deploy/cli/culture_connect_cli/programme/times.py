"""Times as people in The Hague write them: without an offset, and within an evening with the clock alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<clock>\d\d:\d\d(:\d\d)?) ?(?P<offset>Z|[+-]\d\d:\d\d)?", re.ASCII
)
_CLOCK = re.compile(r"\d?\d:\d\d", re.ASCII)


class NotATime(ValueError):
    """The text is not one moment; says why, for people."""


def moment(text: object) -> datetime:
    """The moment of `2026-05-07 19:30` in The Hague; with an offset, the moment that it says.

    Raises NotATime for other texts, and for local times that do not exist or come twice when the clock is changed.
    """
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    try:
        if match is None:
            raise ValueError
        written = datetime.fromisoformat(f"{match['day']}T{match['clock']}{match['offset'] or ''}")
    except ValueError:
        raise NotATime("must be a time such as 2026-11-05 19:30") from None
    return written if written.tzinfo else _local(written)


def is_clock(text: object) -> bool:
    """Whether the text is a time of day without a day, such as 19:30."""
    return isinstance(text, str) and _CLOCK.fullmatch(text) is not None


def within(text: str, starts_at: datetime, ends_at: datetime) -> datetime:
    """The moment of a time of day during an evening: on the day it starts, or after midnight if it goes on until then.

    Raises NotATime as `moment` does.
    """
    start = starts_at.astimezone(LOCAL_TIME)
    try:
        clock = time.fromisoformat(text.zfill(5))
    except ValueError:
        raise NotATime("must be a time such as 19:30") from None
    after_midnight = clock < start.time() and local_day(ends_at) > start.date()
    day = start.date() + timedelta(days=1) if after_midnight else start.date()
    return _local(datetime.combine(day, clock))


def in_words(at: datetime) -> str:
    """Day and time of day in The Hague, the way the file has them."""
    return f"{at.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M}"


def _local(written: datetime) -> datetime:
    earlier, later = (written.replace(tzinfo=LOCAL_TIME, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier.astimezone(LOCAL_TIME).replace(tzinfo=None) != written:
        raise NotATime(f"does not exist in The Hague, where the clock goes forward then: {_with_offsets(written)}")
    if earlier != later:
        raise NotATime(f"comes twice in The Hague, where the clock goes back then: {_with_offsets(written)}")
    # With the offset alone: days are counted back from it as registration does, whose times have no zone either.
    return datetime.fromisoformat(earlier.astimezone(LOCAL_TIME).isoformat())


def _with_offsets(written: datetime) -> str:
    text = written.isoformat(" ", "minutes")
    return f"write an offset, {text}+02:00 or {text}+01:00"
