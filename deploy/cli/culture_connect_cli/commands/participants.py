"""`culture-connect participants`: who takes part for a partner, as a file."""

import os
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from culture_connect_cli.api import Api
from culture_connect_cli.commands.options import TokenFile, Url, fail, output, run


def participants(
    partner: Annotated[str, typer.Argument(help="The partner's slug.")],
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write, for you alone; without it, to the terminal.")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Writes a partner's participants as CSV. It holds personal data: keep it no longer than you need it."""

    async def work() -> bytes:
        async with Api.find(url=url, token_file=token_file) as api:
            path = f"/partners/{quote(partner, safe='')}/participants/export"
            return (await api.get(path, headers={"Accept": "text/csv"})).content

    content = run(work())
    if output_file is None:
        stream = typer.get_binary_stream("stdout")
        stream.write(content)
        stream.flush()
        return
    try:
        _write_whole(output_file, content)
    except OSError as error:
        fail(f"cannot write {output_file}: {error.strerror}")
        raise typer.Exit(1) from None
    output.print(f"The participants of {partner} are in {output_file}, which only you can read.")


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
