"""Goes over the whole system with a storm; see docs/faults.md. Status 1 when a promise was broken.

`--attack` lets outsiders attack it instead. `--prove` breaks each of four promises on purpose, one after the other, and
ends with status 0 only if each was noticed and nothing else was wrong without that.
"""

import argparse
import asyncio
import logging
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.security.attack import __main__ as attack
from tests.storm import report, sabotage
from tests.storm.interruption_plot import picture
from tests.storm.kinds import CLUSTER_KINDS, EVERY_KIND, KINDS
from tests.storm.outcome import Options
from tests.storm.run import storm


def main() -> int:
    """Runs one storm, or those of the proof; returns the exit status."""
    given = _options()
    console = Console()
    # Connections that are lost are what this is about; aiormq shows each with two tracebacks.
    for library in ("aiormq", "aio_pika"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    if given.attack is not None:
        return attack.main(["--seconds", str(given.attack)])
    options = Options(
        seed=given.seed,
        breaks=given.breaks,
        gap=given.gap,
        longest=given.longest,
        alone=given.alone and not given.cluster,
        quiet=given.quiet,
        # Three nodes of each server leave less of a machine to the load.
        pace=0.4 if given.cluster else 1.5,
        people=20 if given.cluster else 40,
        kinds=given.kinds or tuple(CLUSTER_KINDS if given.cluster else KINDS),
        cluster=given.cluster,
        sabotage=given.sabotage,
        logs=given.logs,
    )
    console.print(f"seed {options.seed}")
    if given.prove:
        return _prove(replace(options, alone=False), console)
    outcome = asyncio.run(storm(options))
    report.show(outcome, console)
    report.write(given.output, outcome)
    if given.plot is not None:
        given.plot.write_text(picture(outcome.options.seed, outcome.interruptions), encoding="utf-8")
    return 1 if outcome.findings else 0


def _prove(options: Options, console: Console) -> int:
    """First the same storm over what is whole: what is found then says nothing about the switches."""
    failed = []
    for switch in (None, *sabotage.SWITCHES):
        console.rule(f"without {switch}" if switch else "as it is")
        kinds = sabotage.SWITCHES[switch].kinds if switch else options.kinds
        outcome = asyncio.run(storm(replace(options, sabotage=switch, kinds=kinds)))
        report.show(outcome, console)
        if switch is None and outcome.findings:
            failed.append("not every promise is kept")
        elif switch is not None and sabotage.SWITCHES[switch].promise not in outcome.findings.found:
            failed.append(f"nobody noticed that there was no {switch}")
    for what in failed:
        console.print(f"[bold red]{what}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="what everything follows from")
    parser.add_argument("--breaks", type=int, default=300)
    parser.add_argument("--gap", type=float, default=3.5, help="mean seconds between two breaks")
    parser.add_argument("--longest", type=float, default=40.0, help="seconds of the longest break")
    parser.add_argument("--quiet", type=float, default=240.0, help="seconds that the end may take at most")
    parser.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True, help="see who names each kind")
    parser.add_argument("--kinds", nargs="+", choices=list(EVERY_KIND), help="only these breaks")
    parser.add_argument("--cluster", action="store_true", help="on clusters of RabbitMQ and PostgreSQL, in containers")
    parser.add_argument("--plot", type=Path, help="file for a picture of the interruptions (SVG)")
    parser.add_argument("--sabotage", choices=list(sabotage.SWITCHES), help="a promise that the services are to break")
    parser.add_argument("--prove", action="store_true", help="show that the storm notices each broken promise")
    parser.add_argument("--attack", type=float, metavar="SECONDS", help="outsiders at their worst, and nothing else")
    parser.add_argument("--logs", type=Path, help="folder for the logs of every part")
    parser.add_argument("--output", type=Path, default=Path("storm-results.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
