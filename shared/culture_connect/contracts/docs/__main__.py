"""Writes the documentation of the bus; with `--check` only says whether it is current."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from culture_connect.contracts.docs import documents


def stale(folder: Path) -> list[str]:
    """Paths below `folder` that differ from what the code says, or that it no longer knows."""
    wanted = documents()
    schemas = (path.relative_to(folder).as_posix() for path in (folder / "schemas").rglob("*.json"))
    differing = (name for name, text in wanted.items() if _text(folder / name) != text)
    return sorted({*differing, *(name for name in schemas if name not in wanted)})


def write(folder: Path) -> list[str]:
    """Makes `folder` current; returns the paths that it touched."""
    wanted = documents()
    touched = stale(folder)
    for name in touched:
        path = folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return touched


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code, 1 when a check finds something."""
    parser = argparse.ArgumentParser(prog="python -m culture_connect.contracts.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is not current")
    parser.add_argument("--folder", type=Path, default=Path("docs"), help="the documentation folder")
    options = parser.parse_args(arguments)
    found = stale(options.folder) if options.check else write(options.folder)
    for name in found:
        sys.stdout.write(f"{'not current' if options.check else 'written'}: {options.folder / name}\n")
    return int(options.check and bool(found))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
