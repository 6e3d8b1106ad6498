"""Measures deliveries, intake, openings, declines, imports and letters against baselines, two replicas against one, and
hostile reports against ordinary ones.

Prints tables and writes JSON.

Each part has a database and virtual hosts of its own, thrown away afterwards. Ends with status 1 when something is
slower, grows faster or takes more memory than promised.
"""

import argparse
import sys
from pathlib import Path

import uvloop
from rich.console import Console

from culture_connect.contracts import Venue
from tests.benchmarks import consuming, parts, results
from tests.benchmarks.capacity import paths
from tests.benchmarks.report import show
from tests.benchmarks.results import Results
from tests.benchmarks.service_environment import Servers, Surroundings, servers

PARTS = ("consuming", "intake", "opening", "declines", "import", "replicas", "letters", "reports")
CAPACITY = "capacity"  # by itself only: it measures again what the other parts compare


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
    found = Results()

    def around(part: str, *partners: str) -> Surroundings:
        profiles = options.profile / part if options.profile else None
        return Surroundings(where, partners=partners, venues=list(Venue), profiles=profiles)

    if options.only in (None, "consuming"):
        async with around("consuming", *consuming.partners(options.rounds)) as surroundings:
            found.add(await parts.of_consuming(surroundings, options.messages, options.rounds))
    if options.only in (None, "intake"):
        lines = ("acme", "bare", "raw", "plain", "sent")
        partners = [f"{line}-{number}" for line in lines for number in range(options.rounds)]
        async with around("intake", *partners) as surroundings:
            found.add(await parts.of_intake(surroundings, options.messages, options.rounds))
    if options.only in (None, "opening"):
        by_size = []
        for participants in sorted(options.participants):
            async with around(f"opening-{participants}") as surroundings:
                results_, shapes = await parts.of_opening(surroundings, participants, options.rounds)
            found.add(results_)
            by_size.append(shapes)
        found.add(parts.growing(by_size))
    if options.only in (None, "declines"):
        async with around("declines") as surroundings:
            found.add(await parts.of_declines(surroundings, options.waiting, options.rounds))
    if options.only in (None, "import"):
        async with around("import", *(f"file-{number}" for number in range(options.rounds))) as surroundings:
            found.add(await parts.of_imports(surroundings, options.people, options.rounds))
    if options.only in (None, "replicas"):
        async with around("replicas") as surroundings:
            found.add(await parts.of_replicas(surroundings, options.work, options.rounds))
    if options.only in (None, "letters"):
        async with around("letters") as surroundings:
            found.add(await parts.of_letters(surroundings, options.letters, options.rounds))
    if options.only in (None, "reports"):
        found.add(parts.of_reports(options.rounds))
    if options.only == CAPACITY:
        found.add(await paths.measure(around, options.rounds))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000, help="HR messages per line and round (at most 20000)")
    parser.add_argument(
        "--participants", type=int, nargs="+", default=[10_000, 100_000], help="participants of an evening that opens"
    )
    parser.add_argument(
        "--waiting", type=int, default=50_000, help="people who wait while tickets are given up (1100 for each round)"
    )
    parser.add_argument("--people", type=int, default=50_000, help="people in a file that is imported")
    parser.add_argument("--letters", type=int, default=10_000, help="letters to a mail server, for each line and round")
    parser.add_argument("--work", type=int, default=1000, help="units of each kind of work for one replica and two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=(*PARTS, CAPACITY), default=None)
    parser.add_argument("--no-fsync", action="store_true", help="let the embedded database skip fsync")
    parser.add_argument("--profile", type=Path, help="folder for a cProfile of each service")
    parser.add_argument("--output", type=Path, default=Path("bench-results.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
