"""What may happen between a partner's HR system and registration, as hypothesis makes it up.

Few people, addresses and days, so that they get into each other's way.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.service.registration.model import ADDRESSES, Post

# Evening in The Hague: a few steps later another day begins there, and not yet in UTC. Summer time begins in that week.
BEGIN = datetime(2015, 3, 24, 22, 20, tzinfo=UTC)
TODAY = date(2015, 3, 24)


@dataclass(frozen=True)
class New:
    """HR says something new, `ago` before it arrives; with None it does not say when it was sent."""

    post: Post
    ago: timedelta | None


@dataclass(frozen=True)
class Again:
    """The message so many before arrives again: as it was, under a new id, or another one under its id."""

    back: int
    how: str


@dataclass(frozen=True)
class Batch:
    """Messages that arrive together, so long after what was before; a transaction takes at most `largest` of them."""

    messages: list[New | Again]
    largest: int
    takes: timedelta


@dataclass(frozen=True)
class Pause:
    """Time goes by; the clock looks at it or, for a while, does not."""

    takes: timedelta
    looked_at: bool


@dataclass(frozen=True)
class Story:
    """A partner with its contract, and all that happens to it."""

    places: int
    contract_ends_on: date
    parts: list[Batch | Pause]


def _day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


_REFS = st.sampled_from(["PN-101", "PN-101", "PN-102", "PN-103", " PN-101 "])
_DAYS = st.none() | st.integers(-3, 9).map(_day)
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
_AGO = st.none() | st.sampled_from(
    [
        *(timedelta(minutes=of) for of in (0, 0, 0, 10, 40, 24 * 60, 4 * 24 * 60, -90)),
        *(timedelta(milliseconds=of) for of in (200, 400, 700, 1300)),
    ]
)
_FORMS = st.sampled_from(["binary", "structured", "least"])


def _new(type_: str, data: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[New]:
    return st.builds(New, st.builds(Post, st.just(""), st.just(type_), data, form=_FORMS), _AGO)


_UNREADABLE = [
    Post("", "enrolment.requested", {"not": "JSON"}, fault=(None, "not_json"), body=b"<employee/>"),
    Post("", "enrolment.requested", {"not": "an object"}, fault=(None, "not_an_object"), body=b'["PN-101"]'),
    Post("", "enrolment.guessed", {"of": "no type"}, fault=("type", "unknown_type")),
    Post("", "enrolment.erased", {"employee": "PN-101"}, fault=("employee_ref", "missing")),
    Post(
        "",
        "enrolment.withdrawn",
        {"employee_ref": "PN-101", "effective_on": "soon"},
        fault=("effective_on", "not_a_date"),
    ),
]
_AGAIN = st.builds(
    Again, st.integers(1, 12), st.sampled_from(["as it was", "as it was", "under a new id", "another under its id"])
)
_ODD = st.builds(New, st.sampled_from(_UNREADABLE), st.none())
# The likelier the more often it is named.
_MESSAGES = st.sampled_from(
    [
        *[_new("enrolment.requested", _REQUESTS)] * 6,
        *[_new("enrolment.withdrawn", _WITHDRAWALS)] * 3,
        *[_new("enrolment.erased", _ERASURES)] * 2,
        *[_AGAIN] * 3,
        *[_ODD] * 2,
    ]
).flatmap(lambda kind: kind)
_LARGEST = st.integers(1, 7)
_STEPS = st.sampled_from([0, 1, 20, 60]).map(lambda of: timedelta(minutes=of))
_BATCHES = st.builds(Batch, st.lists(_MESSAGES, min_size=1, max_size=7), _LARGEST, _STEPS)

# One employee who comes, leaves and is forgotten, with messages that overtake each other.
_COMING = {"employee_ref": "PN-101", "given_name": "Quirine", "family_name": "Zandstra", "email": "noor@tuin.example"}
_COMING_AND_GOING = st.builds(
    New,
    st.builds(
        lambda post, form: replace(post, form=form),
        st.sampled_from(
            [
                Post("", "enrolment.requested", _COMING),
                Post("", "enrolment.withdrawn", {"employee_ref": "PN-101"}),
                Post("", "enrolment.erased", {"employee_ref": "PN-101"}),
            ]
        ),
        _FORMS,
    ),
    st.sampled_from([0, 0, 600, 0.2, 0.7, 1800, 4200]).map(lambda of: timedelta(seconds=of)),
)
_OVERTAKING = st.builds(Batch, st.lists(_COMING_AND_GOING, min_size=2, max_size=5), _LARGEST, _STEPS)

_PAUSES = st.builds(Pause, st.sampled_from([1, 1, 2, 5]).map(lambda of: timedelta(days=of)), st.booleans())
_PARTS = st.lists(
    st.sampled_from([_BATCHES, _BATCHES, _BATCHES, _OVERTAKING, _PAUSES, _PAUSES]).flatmap(lambda kind: kind),
    min_size=1,
    max_size=5,
)
# At most once, so that all of it is over before the day on which the test runs.
_YEARS = st.lists(st.just(Pause(timedelta(days=2 * 366), looked_at=True)), max_size=1)

STORIES = st.builds(
    Story,
    st.integers(1, 3),
    st.sampled_from([2, 5, 4000]).map(lambda of: TODAY + timedelta(days=of)),
    st.tuples(_PARTS, _YEARS, _PARTS).map(lambda parts: [*parts[0], *parts[1], *parts[2]]),
)


class Sender:
    """The partner's HR system, which remembers what it sent."""

    def __init__(self) -> None:
        self.sent: list[Post] = []
        self._ids = itertools.count()

    def posts(self, messages: Sequence[New | Again], now: datetime) -> list[Post]:
        """These messages as they arrive now; what would repeat an earlier one is missing when there is none."""
        found = []
        for message in messages:
            if isinstance(message, New):
                sent_at = None if message.ago is None else now - message.ago
                self.sent.append(replace(message.post, id=self._new_id(), sent_at=sent_at))
            elif self.sent:
                self.sent.append(self._again(message, now))
            found += self.sent[-1:]
        return found

    def _again(self, message: Again, now: datetime) -> Post:
        earlier = self.sent[-1 - (message.back - 1) % len(self.sent)]
        if message.how == "as it was":
            return earlier
        if message.how == "under a new id":
            return replace(earlier, id=self._new_id(), sent_at=now)
        return Post(earlier.id, "enrolment.erased", {"employee_ref": "PN-102", "number": len(self.sent)})

    def _new_id(self) -> str:
        return f"message-{next(self._ids)}"
