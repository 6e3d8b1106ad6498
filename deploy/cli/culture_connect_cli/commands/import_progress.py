"""How far an import is, beside what the command says: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from culture_connect_cli.commands.output import plain
from culture_connect_cli.enrolment_import import Stage

_PARTS = 10  # lines for each stage where there is no terminal


@contextmanager
def shown() -> Iterator[Callable[[Stage], None]]:
    """What is given to the function is shown on stderr while the block runs."""
    console = Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:
        yield _plainly(console)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _on_a_bar(progress)


def _on_a_bar(progress: Progress) -> Callable[[Stage], None]:
    tasks: dict[str, TaskID] = {}

    def tell(stage: Stage) -> None:
        name = plain(stage.name)
        if name not in tasks:
            tasks[name] = progress.add_task(name, total=stage.total)
        progress.update(tasks[name], completed=stage.done, total=stage.total)

    return tell


def _plainly(console: Console) -> Callable[[Stage], None]:
    said: set[tuple[str, int]] = set()

    def tell(stage: Stage) -> None:
        part = (stage.name, stage.done * _PARTS // stage.total if stage.total else _PARTS)
        if part not in said:
            said.add(part)
            console.print(f"{plain(stage.name)}: {stage.done} of {stage.total}")

    return tell
