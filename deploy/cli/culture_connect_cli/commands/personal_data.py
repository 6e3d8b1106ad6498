"""Personal data that a command gives out: to the terminal, or to a file for one reader."""

import os
import tempfile
from pathlib import Path

import typer

from culture_connect_cli.commands.options import fail, output


def deliver(content: bytes, file: Path | None, *, what: str) -> None:
    """Writes the content to the file, with mode 0600, or to the terminal; `what` begins the sentence that tells so.

    Ends the command with 1 when the file cannot be written.
    """
    if file is None:
        stream = typer.get_binary_stream("stdout")
        stream.write(content)
        stream.flush()
        return
    try:
        _write_whole(file, content)
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")
        raise typer.Exit(1) from None
    output.print(f"{what} in {file}, which only you can read.")


def _write_whole(file: Path, content: bytes) -> None:
    """With mode 0600; a reader sees the old or the new content, never a part."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
