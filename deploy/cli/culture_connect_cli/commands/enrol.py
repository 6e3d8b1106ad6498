"""`culture-connect enrol`: imports a partner's file of employees."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.commands import import_progress
from culture_connect_cli.commands.options import RegistrationUrl, TokenFile
from culture_connect_cli.commands.output import fail, output, print_error, printable
from culture_connect_cli.enrolment_import import (
    ImportOptions,
    is_successful,
    report_lines,
    upload_file,
    withdrawals_to_confirm,
)

_NOT_USABLE: Final = "file-not-usable"


def enrol(
    partner: Annotated[str, typer.Argument(help="The partner's slug.")],
    file: Annotated[Path, typer.Argument(help="The export of its HR system: CSV or XLSX.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Withdraws everyone who is not in the file.")] = False,
    on_error: Annotated[
        Literal["abort", "skip"], typer.Option(help="With faulty lines: apply nothing, or leave them out.")
    ] = "abort",
    confirm_withdrawals: Annotated[
        int | None, typer.Option(min=0, help="The number of withdrawals you agree to; needed when it is large.")
    ] = None,
    url: RegistrationUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Enrols the employees in a file; status 1 when it was not applied, or a dry run shows that it cannot be."""
    content = _read(file)
    options = ImportOptions(dry_run, full, on_error, confirm_withdrawals)
    try:
        report = asyncio.run(_send(partner, content, options, url, token_file))
    except ApiError as error:
        where = f"{file.name}: " if error.code == _NOT_USABLE else ""
        print_error("\n".join(map(printable, f"{where}{error}".splitlines())))
        _ask_to_confirm(withdrawals_to_confirm(error))
        raise typer.Exit(1) from None
    _print_report(report, dry_run=dry_run)


async def _send(
    partner: str, content: bytes, options: ImportOptions, url: str | None, token_file: Path | None
) -> Mapping[str, Any]:
    async with Api.find(url=url, token_file=token_file) as api:
        with import_progress.display() as on_progress:
            return await upload_file(api, partner, content, options, on_progress)


def _print_report(report: Mapping[str, Any], *, dry_run: bool) -> None:
    for line in report_lines(report, dry_run=dry_run):
        output.print(printable(line))
    if dry_run:
        output.print("This was a dry run: nothing was changed.")
    else:
        output.print("The file is applied." if report["applied"] else "The file is not applied.")
    _ask_to_confirm(withdrawals_to_confirm(report))
    if not is_successful(report, dry_run=dry_run):
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
