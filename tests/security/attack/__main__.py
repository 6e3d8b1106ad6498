"""Attacks the whole system as outsiders could; see docs/faults.md. Status 1 when somebody else noticed."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from rich.console import Console

from tests.security.attack import report
from tests.security.attack.attacks import ATTACKS
from tests.security.attack.run import assail


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the attacks one after the other; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="in all")
    parser.add_argument("--attacks", nargs="+", choices=list(ATTACKS), default=list(ATTACKS), help="only these")
    given = parser.parse_args(arguments)
    for library in ("aiormq", "aio_pika"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    outcome = asyncio.run(assail(given.attacks, seconds=given.seconds / len(given.attacks)))
    report.show(outcome, Console())
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
