"""`culture-connect programme`: the evenings of a season, as a file says them."""

import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from culture_connect_cli.api import Api
from culture_connect_cli.commands.options import TokenFile, Url, output, run
from culture_connect_cli.programme.apply import apply as apply_season
from culture_connect_cli.programme.file import read_season

programme_app = typer.Typer(no_args_is_help=True, help="The programme of a season, kept in a file.")


# With a callback the group stays a group while it has one command.
@programme_app.callback()
def group() -> None:
    """The programme of a season, kept in a file."""


@programme_app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The season in YAML; see deploy/samples.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Call off the evenings that the file does not have.")] = False,
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Shows how the programme differs from the file and makes it the same; run it as often as you like."""

    async def work() -> bool:
        season = read_season(file)
        async with Api.find(url=url, token_file=token_file) as api:
            return await apply_season(
                api, season, output.print, prune=prune, dry_run=dry_run, agreed=lambda: yes or agreed(sys.stdin)
            )

    if not run(work()):
        raise typer.Exit(1)


def agreed(stdin: TextIO) -> bool:
    """Asks whoever sits at the terminal; where nobody does, the command itself was the answer."""
    if not stdin.isatty():
        return True
    output.print("Do this? [y/N] ", end="")
    return stdin.readline().strip().lower() in {"y", "yes"}
