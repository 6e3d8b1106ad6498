"""Measures intake, evening opening and imports against bare lines, prints a table and writes JSON.

Every line is measured in every round, one after the other, so that a machine that slows down slows them all. Ends with
status 1 when intake is slower, or an import takes more memory, than promised.
"""

import argparse
import sys
from pathlib import Path

import uvloop
from rich.console import Console

from culture_connect.contracts import Venue
from tests.benchmarks import imports, intake, opening, results
from tests.benchmarks.publishing import publishing
from tests.benchmarks.report import MB, show
from tests.benchmarks.results import Line, Peak, Results, ratio
from tests.benchmarks.surroundings import Servers, Surroundings, servers

CONSOLE = Console(stderr=True)
IMPORT_MEMORY = 200 * MB  # bytes that registration may hold while it takes in a file


def main() -> int:
    """Runs everything; returns the exit status."""
    options = _options()
    with servers(durable=not options.no_fsync) as where:
        found = uvloop.run(_measure(where, options))
    show(found, Console())
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()}
    results.write(options.output, settings, found)
    return 0 if found.met else 1


async def _measure(where: Servers, options: argparse.Namespace) -> Results:
    lines = ("acme", "bare", "raw", "plain", "sent", "file")
    partners = [f"{line}-{number}" for line in lines for number in range(options.rounds)]
    async with Surroundings(where, partners=partners, venues=list(Venue), profiles=options.profile) as surroundings:
        found = Results()
        if options.only in (None, "intake"):
            found.add(await _intake(surroundings, options.messages, options.rounds))
        if options.only in (None, "opening"):
            found.add(await _opening(surroundings, options.participants, options.rounds))
        if options.only in (None, "import"):
            found.add(await _import(surroundings, options.people, options.rounds))
    return found


async def _intake(where: Surroundings, count: int, rounds: int) -> Results:
    service, plain = Line("intake", "messages"), Line("plain handler, ORM session per message", "messages")
    nothing, raw = Line("FastStream doing nothing", "messages"), Line("the same, undecoded", "messages")
    sent = Line("aio-pika publishing the answers", "pairs")
    for number in range(rounds):
        CONSOLE.print(f"intake, {count} messages, round {number + 1} of {rounds}")
        nothing.samples.append(await intake.nothing(where, f"bare-{number}", count, "decoded"))
        raw.samples.append(await intake.nothing(where, f"raw-{number}", count, "raw"))
        sent.samples.append(await publishing(where, "intake", f"sent-{number}", count))
        # A rate again, and the slowest of all: half the messages tell it as well.
        plain.samples.append(await intake.plain(where, f"plain-{number}", count // 2))
        async with where.service("registration") as served:
            service.samples.append(await intake.service(where, served.base, f"acme-{number}", count))
    return Results(
        [service, nothing, raw, sent, plain],
        [
            ratio("intake / FastStream doing nothing", service, nothing, 0.5),
            ratio("intake / plain handler", service, plain, 3.0),
            ratio("intake / FastStream doing nothing, undecoded", service, raw),
            ratio("intake / aio-pika publishing", service, sent),
        ],
    )


async def _opening(where: Surroundings, participants: int, rounds: int) -> Results:
    learnt, opened = Line("ticketing learns participants", "participants"), Line("evening opening", "tickets")
    sent = Line("aio-pika publishing the tickets", "pairs")
    venues = list(Venue)
    async with where.service("ticketing"):
        CONSOLE.print(f"opening, telling ticketing of {participants} participants")
        learnt.samples.append(await opening.populate(where, participants))
        for number in range(rounds):
            CONSOLE.print(f"opening, {participants} participants, round {number + 1} of {rounds}")
            venue = venues[number % len(venues)]
            sent.samples.append(await publishing(where, "opening", venue, participants))
            opened.samples.append(await opening.open_evening(where, venue, participants, number))
    return Results([opened, sent, learnt], [ratio("evening opening / aio-pika publishing", opened, sent)])


async def _import(where: Surroundings, count: int, rounds: int) -> Results:
    bare = Line("csv and COPY, nothing else", "lines")
    new, told = Line("import, new", "lines"), Line("import, new, until all is told", "lines")
    unchanged, changed = Line("import, unchanged", "lines"), Line("import, 5% changed", "lines")
    found = []
    for number in range(rounds):
        partner = f"file-{number}"
        CONSOLE.print(f"import, {count} people, round {number + 1} of {rounds}")
        bare.samples.append(await imports.copied(where, partner, count))
        async with where.service("registration") as served:
            found.append(await imports.taken_in(where, served, partner, count))
    for each in found:
        new.samples.append(each.new.answered)
        told.samples.append(each.new.told)
        unchanged.samples.append(each.unchanged.answered)
        changed.samples.append(each.changed.answered)
    return Results(
        [new, told, unchanged, changed, bare],
        [ratio(f"{line.name} / csv and COPY", line, bare) for line in (new, unchanged, changed)],
        [
            Peak("registration, before its first import", max(each.before for each in found)),
            Peak("registration, import, new", max(each.new.peak for each in found), IMPORT_MEMORY),
            Peak("registration, import, unchanged", max(each.unchanged.peak for each in found), IMPORT_MEMORY),
            Peak("registration, import, 5% changed", max(each.changed.peak for each in found), IMPORT_MEMORY),
        ],
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000, help="HR messages per line and round (at most 20000)")
    parser.add_argument("--participants", type=int, default=10_000, help="participants of the evening")
    parser.add_argument("--people", type=int, default=50_000, help="people in a file that is imported")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["intake", "opening", "import"], default=None)
    parser.add_argument("--no-fsync", action="store_true", help="let the embedded database skip fsync")
    parser.add_argument("--profile", type=Path, help="folder for a cProfile of each service")
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
