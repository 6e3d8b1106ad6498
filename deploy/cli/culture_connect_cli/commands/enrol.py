"""`culture-connect enrol`: a partner's file of employees goes to registration."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from culture_connect_cli.api import Api, ApiError
from culture_connect_cli.commands import progress
from culture_connect_cli.commands.options import TokenFile, Url, fail, output
from culture_connect_cli.commands.plain import plain
from culture_connect_cli.importing import Choices, hand_in, is_settled, to_confirm, told

_NOT_USABLE: Final = "file-not-usable"


def enrol(
    partner: Annotated[str, typer.Argument(help="The partner's slug.")],
    file: Annotated[Path, typer.Argument(help="What its HR system exported: CSV or XLSX.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Who is not in the file is withdrawn.")] = False,
    on_error: Annotated[
        Literal["abort", "skip"], typer.Option(help="What faulty lines do: nothing is applied, or they are left out.")
    ] = "abort",
    confirm_withdrawals: Annotated[
        int | None, typer.Option(min=0, help="Withdraw this many people; asked for when they are many.")
    ] = None,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Enrols the employees in a file; status 1 when it was not applied, or a dry run shows that it cannot be."""
    content = _read(file)
    choices = Choices(dry_run, full, on_error, confirm_withdrawals)
    try:
        report = asyncio.run(_send(partner, content, choices, url, token_file))
    except ApiError as error:
        where = f"{file.name}: " if error.code == _NOT_USABLE else ""
        fail("\n".join(map(plain, f"{where}{error}".splitlines())))
        _ask_to_confirm(to_confirm(error))
        raise typer.Exit(1) from None
    _tell(report, dry_run=dry_run)


async def _send(
    partner: str, content: bytes, choices: Choices, url: str | None, token_file: Path | None
) -> Mapping[str, Any]:
    async with Api.find(url=url, token_file=token_file) as api:
        with progress.shown() as tell:
            return await hand_in(api, partner, content, choices, tell)


def _tell(report: Mapping[str, Any], *, dry_run: bool) -> None:
    for line in told(report, dry_run=dry_run):
        output.print(plain(line))
    if dry_run:
        output.print("This was a dry run: nothing was changed.")
    else:
        output.print("The file is applied." if report["applied"] else "The file is not applied.")
    _ask_to_confirm(to_confirm(report))
    if not is_settled(report, dry_run=dry_run):
        raise typer.Exit(1)


def _ask_to_confirm(number: int | None) -> None:
    if number is not None:
        people = "1 person" if number == 1 else f"{number} people"
        output.print(f"{people} would be withdrawn. If that is right, add: --confirm-withdrawals {number}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}")
        raise typer.Exit(1) from None
