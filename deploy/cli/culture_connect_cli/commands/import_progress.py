"""Progress of an import on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from culture_connect_cli.commands.output import printable
from culture_connect_cli.enrolment_import import ImportProgress

_LINES = 10  # for each stage where there is no terminal


@contextmanager
def display() -> Iterator[Callable[[ImportProgress], None]]:
    """A function that shows the progress it is given while the block runs."""
    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield _as_lines(console)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield _as_bars(bars)


def _as_bars(bars: Progress) -> Callable[[ImportProgress], None]:
    tasks: dict[str, TaskID] = {}

    def show(progress: ImportProgress) -> None:
        name = printable(progress.stage)
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=progress.total)
        bars.update(tasks[name], completed=progress.done, total=progress.total)

    return show


def _as_lines(console: Console) -> Callable[[ImportProgress], None]:
    shown: set[tuple[str, int]] = set()

    def show(progress: ImportProgress) -> None:
        step = (progress.stage, progress.done * _LINES // progress.total if progress.total else _LINES)
        if step not in shown:
            shown.add(step)
            console.print(f"{printable(progress.stage)}: {progress.done} of {progress.total}")

    return show
