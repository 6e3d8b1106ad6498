"""The schedule of breaks: everything follows from the seed, so that a run can be repeated."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tests.storm.kinds import KINDS, BreakKind

LONG: Final = 40.0  # seconds that a break lasts which has to be named meanwhile
_FIRST: Final = 3.0  # seconds of load before the first break
_APART: Final = 10.0  # seconds around a break that is to be alone


@dataclass(frozen=True)
class Break:
    """One break: `at` seconds from the beginning it comes, and `seconds` later it is mended.

    One that is `alone` has no other beside it, so that what is said of the system meanwhile is said of it. `choice`
    (0 to 1) decides what the kind leaves open, such as the direction of a silence.
    """

    number: int
    at: float
    seconds: float
    kind: str
    target: str
    choice: float
    alone: bool = False


@dataclass(frozen=True)
class Broken:
    """A break that was done: when it began and when it was mended."""

    planned: Break
    begin: datetime
    end: datetime


def plan(
    seed: int,
    *,
    breaks: int,
    gap: float,
    longest: float,
    targets: Mapping[str, Sequence[str]],
    alone: bool,
    kinds: Sequence[BreakKind] = tuple(KINDS.values()),
) -> list[Break]:
    """The breaks of a run, in the order in which they begin.

    `gap` is the mean time between two beginnings, `longest` the longest break, both in seconds. `targets` are the
    names of what can be broken, by what a kind is a break of. With `alone`, every kind that has to be named comes once
    for `LONG` seconds without any other. Each of the `kinds` comes once before any comes
    twice.
    """
    dice = random.Random(seed)
    free: dict[str, float] = {}
    planned: list[Break] = []
    at = _FIRST
    solos = [kind for kind in kinds if kind.named] if alone else []
    for number, kind in enumerate(_by_lot(dice, kinds, max(0, breaks - len(solos)))):
        target = _target(dice, kind, targets)
        seconds = min(_duration(dice, longest), kind.longest)
        begin = max([at, *(free.get(each, 0.0) for each in kind.touches(target))])
        for each in kind.touches(target):
            free[each] = begin + seconds + kind.recovery
        planned.append(Break(number, round(begin, 2), round(seconds, 2), kind.name, target, dice.random()))
        at += dice.expovariate(1 / gap)
    at = max((each.at + each.seconds for each in planned), default=at)
    for kind in dice.sample(solos, len(solos)):
        at += _APART + kind.recovery
        target = _target(dice, kind, targets)
        planned.append(Break(len(planned), round(at, 2), LONG, kind.name, target, dice.random(), alone=True))
        at += LONG
    return sorted(planned, key=lambda each: (each.at, each.number))


def _target(dice: random.Random, kind: BreakKind, targets: Mapping[str, Sequence[str]]) -> str:
    return kind.resource if kind.of == "server" and kind.resource else dice.choice(targets[kind.of])


def _by_lot(dice: random.Random, kinds: Sequence[BreakKind], count: int) -> list[BreakKind]:
    """So many by lot, each once before the lot is free; weights are how often a kind comes then."""
    first = dice.sample(kinds, len(kinds))[:count]
    return first + dice.choices(kinds, [kind.weight for kind in kinds], k=max(0, count - len(first)))


def _duration(dice: random.Random, longest: float) -> float:
    """Mostly some seconds, now and then long: what is noticed only after a deadline is to happen too."""
    span = dice.choices([(0.5, 4.0), (4.0, 12.0), (12.0, LONG)], [6, 3, 1])[0]
    return min(dice.uniform(*span), longest)
