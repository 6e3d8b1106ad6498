"""The report on a storm, for people and as JSON."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.storm.flow import Interruption
from tests.storm.kinds import EVERY_KIND
from tests.storm.outcome import StormOutcome
from tests.storm.schedule import Broken


def show(outcome: StormOutcome, console: Console) -> None:
    """Tables of the breaks and of what was done, and everything that is wrong."""
    by_kind: dict[str, list[Broken]] = defaultdict(list)
    for broken in outcome.breaks:
        by_kind[broken.planned.kind].append(broken)
    table = Table("break", "times", "longest", "named first by", "after", title=f"seed {outcome.options.seed}")
    for kind in (each for each in EVERY_KIND if each in outcome.options.kinds):
        longest = max((each.planned.seconds for each in by_kind[kind]), default=0.0)
        named = outcome.named.get(kind)
        by = "; ".join(each.by for each in named) if named else "nobody" if named is not None else "-"
        after = f"{named[0].after:g} s" if named else "-"
        table.add_row(kind, str(len(by_kind[kind])), f"{longest:g} s", by, after)
    console.print(table)
    if outcome.interruptions:
        console.print(_interruptions(outcome.interruptions))
    console.print(f"{len(outcome.breaks)} breaks;", *(f"{name}: {count};" for name, count in outcome.counts.items()))
    console.print(*(f"{part}: {seconds:g} s;" for part, seconds in outcome.seconds.items()))
    for promise, wrong in outcome.findings.found.items():
        for what in wrong:
            console.print(f"[bold red]{promise}[/]: {what}", highlight=False)
    if outcome.findings:
        console.print(f"[bold red]seed {outcome.options.seed}: {_count(outcome)} things are wrong")
    else:
        console.print(f"[green]seed {outcome.options.seed}: every promise was kept")


def write(file: Path, outcome: StormOutcome) -> None:
    """Everything, as JSON."""
    document = {
        "options": {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(outcome.options).items()
        },
        "seconds": outcome.seconds,
        "counts": outcome.counts,
        "findings": outcome.findings.found,
        "named": {kind: [asdict(each) for each in named] for kind, named in outcome.named.items()},
        "interruptions": [asdict(each) for each in outcome.interruptions],
        "breaks": [
            asdict(each.planned) | {"begin": each.begin.isoformat(), "end": each.end.isoformat()}
            for each in outcome.breaks
        ],
    }
    file.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")


def _interruptions(interruptions: Sequence[Interruption]) -> Table:
    table = Table("break", "times", "median", "longest", title="seconds without a receipt")
    by_kind: dict[str, list[float]] = defaultdict(list)
    for each in interruptions:
        by_kind[each.kind].append(each.seconds)
    for kind, seconds in sorted(by_kind.items(), key=lambda entry: median(entry[1])):
        table.add_row(kind, str(len(seconds)), f"{median(seconds):.1f} s", f"{max(seconds):.1f} s")
    return table


def _count(outcome: StormOutcome) -> int:
    return sum(map(len, outcome.findings.found.values()))
