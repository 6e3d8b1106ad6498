"""What was measured: samples of lines, their medians and ratios, peaks of memory, and whether those are good enough."""

import json
import os
import platform
import statistics
from collections import defaultdict
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
    """How one line compares with another; `target` is what it must reach, None where nothing was promised."""

    name: str
    value: float
    target: float | None = None

    @property
    def met(self) -> bool:
        """True when nothing was promised or the promise is kept."""
        return self.target is None or self.value >= self.target


def ratio(name: str, line: Line, other: Line, target: float | None = None) -> Ratio:
    """The ratio of the medians."""
    return Ratio(name, line.rate / other.rate, target)


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


@dataclass
class Results:
    """Everything that a run measured."""

    lines: list[Line] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    peaks: list[Peak] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """True when every promise is kept."""
        return all(each.met for each in self.ratios) and all(each.met for each in self.peaks)

    def add(self, other: Self) -> None:
        """Takes over what another part of the run measured."""
        self.lines += other.lines
        self.ratios += other.ratios
        self.peaks += other.peaks


def write(path: Path, settings: dict[str, Any], results: Results) -> None:
    """Writes everything as JSON."""
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
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
            {"name": each.name, "value": round(each.value, 2), "target": each.target, "met": each.met}
            for each in results.ratios
        ],
        "memory": [
            {"name": each.name, "peak_bytes": each.value, "limit": each.limit, "met": each.met}
            for each in results.peaks
        ],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
