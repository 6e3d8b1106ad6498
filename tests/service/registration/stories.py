"""What may happen between a partner's HR system and registration, as hypothesis makes it up.

Few people, addresses and days, so that they get into each other's way.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.service.registration.model import ADDRESSES

# Evening in The Hague: a few steps later another day begins there, and not yet in UTC. Summer time begins in that week.
BEGIN = datetime(2015, 3, 24, 22, 20, tzinfo=UTC)
TODAY = date(2015, 3, 24)


@dataclass(frozen=True)
class New:
    """HR says something new, `ago` before it arrives; with None it does not say when it was sent."""

    type: str
    data: dict[str, Any]
    ago: timedelta | None
    form: str


@dataclass(frozen=True)
class Unreadable:
    """A message that cannot be read: what is left of its data, its body, and what is wrong with it."""

    type: str
    data: dict[str, Any]
    body: bytes
    fault: tuple[str | None, str]


@dataclass(frozen=True)
class Again:
    """An earlier message arrives again: as it was, under a new id, or another one under its id."""

    back: int
    how: str


@dataclass(frozen=True)
class Batch:
    """Messages that arrive together, `later` than the batch before; a transaction takes at most `largest` of them."""

    messages: list[New | Unreadable | Again]
    largest: int
    later: timedelta


@dataclass(frozen=True)
class Pause:
    """Time goes by; the clock looks at it or, for a while, does not."""

    length: timedelta
    looked_at: bool


@dataclass(frozen=True)
class Story:
    """A partner with its contract, and all that happens to it."""

    places: int
    contract_ends_on: date
    parts: list[Batch | Pause]


def _day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


_REFS = st.sampled_from(["PN-101", "PN-102", "PN-103", "PN-104", " PN-101 "])
_DAYS = st.none() | st.integers(-3, 8).map(_day)
_REQUESTS = st.fixed_dictionaries(
    {
        "employee_ref": _REFS,
        "given_name": st.sampled_from(["Quirine", "Wieteke", " Wieteke"]),
        "family_name": st.sampled_from(["Zandstra", "Zandstra", "Ypenburg"]),
        "email": st.sampled_from(list(ADDRESSES)),
    },
    optional={
        "language": st.sampled_from(["nl", "en"]),
        "starts_on": _DAYS,
        "ends_on": _DAYS | st.just("9999-12-31"),
        "partner": st.just("neighbour"),
        "birth_date": st.just("1969-12-31"),
    },
)
_WITHDRAWALS = st.fixed_dictionaries({"employee_ref": _REFS}, optional={"effective_on": _DAYS})
_ERASURES = st.fixed_dictionaries({"employee_ref": _REFS, "reason": st.just("asked for")})
# None of them was sent in the future; a clock that is fast says so all the same.
_AGO = st.none() | st.sampled_from([0, 0, 0, 10, 40, 24 * 60, 4 * 24 * 60, -90]).map(lambda of: timedelta(minutes=of))
_FORMS = st.sampled_from(["binary", "structured", "least"])


def _new(type_: str, data: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[New]:
    return st.builds(New, st.just(type_), data, _AGO, _FORMS)


_UNREADABLE = st.sampled_from(
    [
        Unreadable("enrolment.requested", {"not": "JSON"}, b"<employee/>", (None, "not_json")),
        Unreadable("enrolment.requested", {"not": "an object"}, b'["PN-101"]', (None, "not_an_object")),
        Unreadable("enrolment.guessed", {"of": "no type"}, b"{}", ("type", "unknown_type")),
        Unreadable(
            "enrolment.erased",
            {"with": "a null character"},
            b'{"employee_ref": "PN-101\\u0000"}',
            ("employee_ref", "control_character"),
        ),
        Unreadable(
            "enrolment.withdrawn",
            {"employee_ref": "PN-101", "effective_on": "soon"},
            b'{"employee_ref": "PN-101", "effective_on": "soon"}',
            ("effective_on", "not_a_date"),
        ),
    ]
)
_MESSAGES = st.one_of(
    _new("enrolment.requested", _REQUESTS),
    _new("enrolment.requested", _REQUESTS),
    _new("enrolment.withdrawn", _WITHDRAWALS),
    _new("enrolment.erased", _ERASURES),
    st.builds(Again, st.integers(1, 12), st.sampled_from(["as it was", "under a new id", "another under its id"])),
    _UNREADABLE,
)
_BATCHES = st.builds(
    Batch,
    st.lists(_MESSAGES, min_size=1, max_size=7),
    st.integers(1, 7),
    st.sampled_from([0, 1, 20, 60]).map(lambda of: timedelta(minutes=of)),
)
_PAUSES = st.builds(Pause, st.sampled_from([1, 1, 2, 5]).map(lambda of: timedelta(days=of)), st.booleans())
_PARTS = st.lists(_BATCHES | _BATCHES | _PAUSES, min_size=1, max_size=5)
# At most once, so that all of it is over before the day on which the test runs.
_YEARS = st.lists(st.just(Pause(timedelta(days=2 * 366), looked_at=True)), max_size=1)

STORIES = st.builds(
    Story,
    st.integers(1, 3),
    st.sampled_from([4, 4000, 4000]).map(lambda of: TODAY + timedelta(days=of)),
    st.tuples(_PARTS, _YEARS, _PARTS).map(lambda parts: [*parts[0], *parts[1], *parts[2]]),
)
