"""Reads the recipes of CONTRIBUTING.md and carries them out on a copy of the tree.

A step is a fenced block whose info string names the language, an action and a file:

    ```python new services/x/x/app.py             a new file with this text
    ```python append shared/x.py                  the text at the end of the file
    ```python after "    first line," shared/x.py  the text below the only line that reads so
    ```python instead "    old line" shared/x.py   the text in place of the only line that reads so
    ```sh                                         commands, one per line
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

CLONE = Path(__file__).parents[2]
PACKAGES = ("shared", "deploy/cli")

Action = Literal["new", "append", "after", "instead"]

_HEADING = re.compile(r"^### (?P<title>.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<info>\S.*)\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one file; `line` is the line that `after` and `instead` refer to."""

    action: Action
    path: str
    text: str
    line: str = ""

    def apply(self, root: Path) -> None:
        """Changes the file below `root`. Raises AssertionError when the line is not there exactly once."""
        file = root / self.path
        if self.action == "new":
            assert not file.exists(), f"{self.path} exists already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, encoding="utf-8")
            return
        before = file.read_text(encoding="utf-8")
        if self.action == "append":
            file.write_text(before + self.text, encoding="utf-8")
            return
        lines = before.splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if line.rstrip("\n") == self.line]
        assert len(found) == 1, f"{self.path} has {len(found)} lines that read {self.line!r}"
        lines[found[0]] = self.text if self.action == "instead" else lines[found[0]] + self.text
        file.write_text("".join(lines), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the virtual environment and its arguments."""

    words: tuple[str, ...]

    def run(self, root: Path) -> str:
        """Runs in the copy at `root` and returns the output. Raises AssertionError with the output for any failure."""
        program = Path(sys.executable).parent / self.words[0].removeprefix(".venv/bin/")
        services = sorted(path.parent.relative_to(root).as_posix() for path in root.glob("services/*/pyproject.toml"))
        path = os.pathsep.join(str(root / package) for package in (*PACKAGES, *services, "."))
        done = subprocess.run(
            [program, *self.words[1:]],
            cwd=root,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, f"{shlex.join(self.words)} ended with {done.returncode}:\n{output}"
        return output


Step = Edit | Command


def recipes(text: str) -> dict[str, list[Step]]:
    """Returns the steps of each recipe, by its heading; sections without a block are none."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    found = {
        heading["title"]: _steps(text[heading.end() : end].partition("\n## ")[0])
        for heading, end in zip(headings, ends, strict=True)
    }
    return {title: steps for title, steps in found.items() if steps}


def _steps(section: str) -> list[Step]:
    steps: list[Step] = []
    for block in _BLOCK.finditer(section):
        info = shlex.split(block["info"])
        if info == ["sh"]:
            steps += [Command(tuple(shlex.split(line))) for line in block["text"].splitlines()]
        else:
            _, action, *line, path = info
            steps.append(Edit(cast("Action", action), path, block["text"], *line))
    return steps


def copy_tree(target: Path) -> None:
    """Copies what git knows of the clone, and what is new in it, to an empty folder."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CLONE,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (CLONE / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((CLONE / name).read_bytes())
