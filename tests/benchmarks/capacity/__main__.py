"""Brings `docs/scale.md` up to date: its measured tables from a run's JSON, and what is computed from them.

`python -m tests.benchmarks --only capacity --output FILE` measures. Without an option the page is checked: status 1
when its tables do not follow from its figures and assumptions.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks.capacity.page import PAGE, compute, fill


def main() -> int:
    """Fills the page or checks it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.capacity", description=__doc__)
    parser.add_argument("--page", type=Path, metavar="FILE", help="the JSON of a run, whose figures the page gets")
    parser.add_argument("--compute", action="store_true", help="compute the tables of the page anew from its figures")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    if options.page:
        PAGE.write_text(fill(text, json.loads(options.page.read_text())), encoding="utf-8")
    elif options.compute:
        PAGE.write_text(compute(text), encoding="utf-8")
    elif compute(text) != text:
        print(f"{PAGE.name}: its tables do not follow from its figures; see --compute", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
