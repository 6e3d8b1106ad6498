"""Output of the commands: the console, errors, and personal data for one reader."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from culture_connect_cli.api.client import ApiError
from culture_connect_cli.broker.management import BrokerError
from culture_connect_cli.private_files import replace_file

T = TypeVar("T")

# Names are printed as they are: brackets in them are no markup, numbers no highlight.
output = Console(highlight=False, markup=False, soft_wrap=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; an error of the broker or an API ends the command with one line and status 1."""
    try:
        return asyncio.run(work)
    except (ApiError, BrokerError, ValueError) as error:
        fail(str(error))


def fail(text: str) -> NoReturn:
    """Ends the command with an error message and status 1."""
    print_error(text)
    raise typer.Exit(1) from None


def print_error(text: str) -> None:
    """Prints an error message on stderr."""
    Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True).print(f"error: {text}")


def printable(text: object) -> str:
    """The text of others without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))


def deliver(content: bytes, file: Path | None, *, what: str) -> None:
    """Writes personal data to the file (mode 0600), or to the terminal; `what` begins the sentence that says so.

    Ends the command with status 1 when the file cannot be written.
    """
    if file is None:
        stream = typer.get_binary_stream("stdout")
        stream.write(content)
        stream.flush()
        return
    try:
        replace_file(file, content)
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")
    output.print(f"{what} in {file}, which only you can read.")
