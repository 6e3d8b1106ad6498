"""Results: lines, ratios, answers to single requests, peaks of memory, and whether those are good enough."""

import json
import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Sample:
    """One measurement: `count` units of work in `seconds`; `cpu` holds processor seconds by process."""

    count: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.count / self.seconds


@dataclass
class Line:
    """All samples of one thing that was measured."""

    name: str
    unit: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median, in units per second."""
        return statistics.median(sample.rate for sample in self.samples)

    @property
    def seconds(self) -> float:
        """Returns the median duration of a sample."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The slowest and the fastest rate."""
        rates = [sample.rate for sample in self.samples]
        return min(rates), max(rates)

    @property
    def cpu(self) -> dict[str, float]:
        """Processor milliseconds per unit by process, median of the samples."""
        by_name: dict[str, list[float]] = defaultdict(list)
        for sample in self.samples:
            for name, seconds in sample.cpu.items():
                by_name[name].append(1000 * seconds / sample.count)
        return {name: statistics.median(values) for name, values in by_name.items()}


@dataclass(frozen=True)
class Ratio:
    """The ratio of one line to another.

    `target` is what it must reach, `limit` what it may not exceed, None where nothing was promised.
    """

    name: str
    value: float
    target: float | None = None
    limit: float | None = None

    @property
    def met(self) -> bool:
        """True when nothing was promised or the promise is kept."""
        return (self.target is None or self.value >= self.target) and (self.limit is None or self.value <= self.limit)


def ratio(name: str, line: Line, other: Line, target: float | None = None) -> Ratio:
    """The ratio of the medians."""
    return Ratio(name, line.rate / other.rate, target)


def growth(name: str, large: Line, small: Line, limit: float | None = None) -> Ratio:
    """Returns the ratio of the durations of the larger and the smaller amount of work, by their medians."""
    return Ratio(name, large.seconds / small.seconds, limit=limit)


@dataclass(frozen=True)
class Answers:
    """Durations of single requests in seconds; the median must stay below `limit`, None where nothing is promised.

    A limit of the slowest would say more of the machine's other guests than of the service.
    """

    name: str
    seconds: Sequence[float]
    limit: float | None = None

    @property
    def median(self) -> float:
        """Half of them took no longer."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """Nineteen of twenty took no longer."""
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]

    @property
    def met(self) -> bool:
        """True when nothing was promised or the promise is kept."""
        return self.limit is None or self.median < self.limit


@dataclass(frozen=True)
class Peak:
    """The most memory that a process held, in bytes; it must stay below `limit`, None where nothing was promised."""

    name: str
    value: int
    limit: int | None = None

    @property
    def met(self) -> bool:
        """True when nothing was promised or the promise is kept."""
        return self.limit is None or self.value < self.limit


@dataclass(frozen=True)
class Size:
    """Bytes that something takes: rows in the database, a message, an idle process."""

    name: str
    bytes: int


@dataclass
class Results:
    """Everything that a run measured."""

    lines: list[Line] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    peaks: list[Peak] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """True when every promise is kept."""
        return all(
            [
                *(each.met for each in self.ratios),
                *(each.met for each in self.answers),
                *(each.met for each in self.peaks),
            ]
        )

    def add(self, other: Self) -> None:
        """Takes over what another part of the run measured."""
        self.lines += other.lines
        self.ratios += other.ratios
        self.peaks += other.peaks
        self.answers += other.answers
        self.sizes += other.sizes


def write(path: Path, settings: dict[str, Any], results: Results) -> None:
    """Writes everything as JSON."""
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
            # Processes that wanted a core in the last five minutes, those of the run among them.
            "load": round(os.getloadavg()[1], 1),
        },
        "settings": settings,
        "lines": [
            {
                "name": line.name,
                "unit": line.unit,
                "median_per_second": round(line.rate, 1),
                "slowest_per_second": round(line.spread[0], 1),
                "fastest_per_second": round(line.spread[1], 1),
                "seconds": [round(sample.seconds, 3) for sample in line.samples],
                "units": [sample.count for sample in line.samples],
                "cpu_milliseconds_per_unit": {name: round(value, 3) for name, value in line.cpu.items()},
            }
            for line in results.lines
        ],
        "ratios": [
            {
                "name": each.name,
                "value": round(each.value, 3),
                "target": each.target,
                "limit": each.limit,
                "met": each.met,
            }
            for each in results.ratios
        ],
        "answers": [
            {
                "name": each.name,
                "requests": len(each.seconds),
                "median_milliseconds": round(1000 * each.median, 2),
                "p95_milliseconds": round(1000 * each.p95, 2),
                "limit_milliseconds": None if each.limit is None else 1000 * each.limit,
                "met": each.met,
            }
            for each in results.answers
        ],
        "memory": [
            {"name": each.name, "peak_bytes": each.value, "limit": each.limit, "met": each.met}
            for each in results.peaks
        ],
        "sizes": [{"name": each.name, "bytes": each.bytes} for each in results.sizes],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
