"""The tables of `docs/scale.md`: read, filled in from a run, and computed again.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. `measured`, `sizes` and `assumptions` are read; all others
are computed from these three, with the figures as the page shows them, so that a reader gets the same.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.capacity import model
from tests.benchmarks.capacity.model import CITIES, Assumptions, Figures

PAGE: Final = Path(__file__).parents[3] / "docs" / "scale.md"

# What each path is compared with in its run; a noisy machine slows both down.
PUBLISHING: Final = "aio-pika publishing"
TRANSACTION: Final = "a bare transaction of two rows"
FILE: Final = "csv and COPY"
COMPOSED: Final = "letters composed, sent nowhere"
BASELINES: Final[Mapping[str, str]] = {
    "HR messages, until the receipt": PUBLISHING,
    "HR upload, new": FILE,
    "HR upload, new, until published": FILE,
    "HR upload, unchanged": FILE,
    "participants, five evenings open": TRANSACTION,
    "an evening opens, until committed": PUBLISHING,
    "an evening opens, until published": PUBLISHING,
    "seat requests, one evening": TRANSACTION,
    "seat requests, five evenings": TRANSACTION,
    "declines, one evening": TRANSACTION,
    "declines, five evenings": TRANSACTION,
    "relay, events": PUBLISHING,
    "relay, the feed of one box office": PUBLISHING,
    "relay, the feeds of five box offices": PUBLISHING,
    "relay, receipts of one partner": PUBLISHING,
    "relay, receipts of twenty partners": PUBLISHING,
    "notifications, participants": PUBLISHING,
    "notifications, tickets": PUBLISHING,
    "letters, composed and delivered": COMPOSED,
    "scans over the bus, one evening": TRANSACTION,
    "scans over the bus, five evenings": TRANSACTION,
    "scans over HTTP, one door": TRANSACTION,
    "personal pages": TRANSACTION,
    PUBLISHING: PUBLISHING,
    TRANSACTION: TRANSACTION,
    FILE: FILE,
    COMPOSED: COMPOSED,
}
# Without a rate: the processor time that a second of idleness takes.
IDLE: Final = ("idle, an installation", "idle, a partner")
# The processes of the system; others in a run are its own tools.
SYSTEM: Final = ("registration", "ticketing", "notifications", "PostgreSQL", "RabbitMQ")
_WHOLE: Final = 100  # from here on a number has no decimals
MOMENTS: Final = ("initial sync", "opening", "evening before", "door")


def fill(text: str, run: Mapping[str, Any]) -> str:
    """The page with the figures of a run (the JSON of `--only capacity`). Raises KeyError when one is missing."""
    lines = {line["name"]: line for line in run["lines"]}
    measured = [_measured_row(name, lines) for name in BASELINES]
    measured += [[name, "", "", "", _cpu_of(lines[name])] for name in IDLE]
    text = _with(text, "measured", [["path", "per second", "slowest - fastest", "of baseline", "cpu ms"], *measured])
    sizes = [[each["name"], f"{each['bytes']:,}"] for each in run["sizes"]]
    text = _with(text, "sizes", [["what", "bytes"], *sizes])
    when, machine = run["measured_at"].partition("T")[0], run["machine"]
    stated = f"Measured on {when}: {machine['cores']} cores, load average {machine['load']}, Python {machine['python']}"
    text = _between(text, "run", f"{stated}, rounds: {run['settings']['rounds']}.")
    return compute(text)


def compute(text: str) -> str:
    """The page with its computed tables made anew from what it states."""
    figures, given = figures_of(text), assumptions_of(text)
    for name, table in TABLES.items():
        text = _with(text, name, table(figures, given))
    return text


def figures_of(text: str) -> Figures:
    """Reads the measured figures."""
    measured = {row[0]: row for row in _rows(text, "measured")}
    return Figures(
        rates={name: _number(row[1]) for name, row in measured.items() if row[1]},
        cpu={name: _number(row[4]) for name, row in measured.items() if row[4]},
        sizes={row[0]: _number(row[1]) for row in _rows(text, "sizes")},
    )


def assumptions_of(text: str) -> Assumptions:
    """Reads the assumptions, in the order of the class's fields."""
    return Assumptions(*(_number(row[1]) for row in _rows(text, "assumptions")))


def loads(figures: Figures, given: Assumptions) -> list[list[str]]:
    """Returns units per second and their ratio to the ceiling, for each peak and size; cities that fill half of it."""
    rows = [["peak", "ceiling", *(_cities(count) for count in CITIES), "half full at"]]
    for each in model.peaks(given):
        cells = [
            f"{significant(each.per_second(given, count))}/s, **{significant(each.ratio(figures, given, count))}**"
            for count in CITIES
        ]
        half_full = each.half_full_at(figures, given)
        rows.append([each.name, f"{each.path}: {figures.rates[each.path]:,.0f}/s", *cells, f"{half_full:,}"])
    return rows


def holdings(figures: Figures, given: Assumptions) -> list[list[str]]:
    """Returns how much there is of everything, for each size."""
    people = given.people
    return [
        ["", *(_cities(count) for count in CITIES)],
        _row("people", lambda count: count * people),
        _row("partners", lambda count: count * given.partners),
        _row("evenings a year", lambda count: count * given.evenings),
        _row("places a year", lambda count: count * given.evenings * people),
        _row("letters a year", lambda count: count * model.letters_a_year(given)),
        _row("database after a year, GB", lambda count: count * model.stored_in_a_year(figures, given) / 1e9),
        _row(
            "waiting for notifications after an opening, GB",
            lambda count: count * people * figures.sizes["message, ticket.issued"] / 1e9,
        ),
        _row("queues", lambda count: model.queues(given, count)),
        _row("connections of one replica of registration", lambda count: count * given.partners),
        _row("broker's memory when idle, GB", lambda count: model.broker_bytes(figures, given, count) / 1e9),
        _row("memory of that replica, GB", lambda count: model.replica_bytes(figures, given, count) / 1e9),
        _row(
            "memory of one installation a city, GB",
            lambda count: count * model.installation_bytes(figures, given) / 1e9,
        ),
        *(_row(f"busy cores, {moment}", partial(model.cores, figures, given, moment)) for moment in MOMENTS),
        _row("busy cores, one idle installation a city", partial(model.idle_cores, figures, given)),
    ]


def evenings(figures: Figures, given: Assumptions) -> list[list[str]]:
    """Returns how long one evening takes, which no replica makes faster, by its number of participants."""
    sizes = [given.people * factor for factor in (1, 10, 100)]
    steps = {
        "seats decided, under the row lock, s": "an evening opens, until committed",
        "all places published, s": "an evening opens, until published",
        "all places known to notifications, s": "notifications, tickets",
        "all letters sent by one replica, min": "letters, composed and delivered",
    }
    rows = [["one evening", *(f"{size:,.0f} participants" for size in sizes)]]
    for name, path in steps.items():
        unit = 60 if name.endswith("min") else 1
        rows.append([name, *(significant(size / figures.rates[path] / unit) for size in sizes)])
    return rows


TABLES: Final[Mapping[str, Callable[[Figures, Assumptions], list[list[str]]]]] = {
    "loads": loads,
    "evening": evenings,
    "holdings": holdings,
}


def significant(value: float) -> str:
    """The number with two significant digits; whole where it is whole, and from a hundred on."""
    if value >= _WHOLE or value == int(value):
        return f"{value:,.0f}"
    decimals = 1 - math.floor(math.log10(value)) if value else 0
    return f"{value:.{max(0, decimals)}f}"


def _measured_row(name: str, lines: Mapping[str, Mapping[str, Any]]) -> list[str]:
    line, baseline = lines[name], lines[BASELINES[name]]
    return [
        name,
        f"{line['median_per_second']:,.0f}",
        f"{line['slowest_per_second']:,.0f} - {line['fastest_per_second']:,.0f}",
        "" if line is baseline else f"{line['median_per_second'] / baseline['median_per_second']:.2f}",
        _cpu_of(line),
    ]


def _cpu_of(line: Mapping[str, Any]) -> str:
    cpu = [used for process, used in line["cpu_milliseconds_per_unit"].items() if process in SYSTEM]
    return f"{sum(cpu):.2f}" if cpu else ""


def _row(name: str, value: Callable[[int], float]) -> list[str]:
    return [name, *(significant(value(count)) for count in CITIES)]


def _cities(count: int) -> str:
    return "1 city" if count == 1 else f"{count:,} cities"


def _number(cell: str) -> float:
    """The number of a cell; a percentage is a fraction."""
    text = cell.replace(",", "")
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


def _rows(text: str, name: str) -> list[list[str]]:
    """The rows of a table without its head. Raises ValueError when there is no such table."""
    found = _block(name).search(text)
    if found is None:
        raise ValueError(f"the page has no table {name}")
    lines = [line for line in found[2].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _with(text: str, name: str, rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    marks = ["---", *("---:" for _ in head[1:])]
    return _between(text, name, "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *others)))


def _between(text: str, name: str, content: str) -> str:
    if not _block(name).search(text):
        raise ValueError(f"the page has no place for {name}")
    return _block(name).sub(lambda found: f"{found[1]}\n{content}\n{found[3]}", text)


def _block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->)\n(.*?)\n?(<!-- /{name} -->)", re.DOTALL)
