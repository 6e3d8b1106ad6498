"""Tries the few tests that failed once more, one after the other, and names them; fails when they are many."""

import json
import re
import sys
from pathlib import Path

import pytest

FAILURES = Path(".pytest_cache/v/cache/lastfailed")
AT_MOST = 3


def main() -> int:
    """The exit status of the second try; 1 without one, when the checks failed or more than a few tests did."""
    failed = json.loads(FAILURES.read_text()) if FAILURES.exists() else {}
    if not 0 < len(failed) <= AT_MOST:
        return 1
    # Tests that share servers carry their group behind an "@".
    tests = [re.sub(r"@[^\]@]*$", "", test) for test in failed]
    print("Failed once and tried again alone; a race in the test or in the code, to be mended:", *tests, sep="\n  ")
    return pytest.main(tests)


if __name__ == "__main__":
    sys.exit(main())
