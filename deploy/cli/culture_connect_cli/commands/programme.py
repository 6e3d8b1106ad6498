"""`culture-connect programme`: the evenings of a season from a file."""

import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from culture_connect_cli.api.client import Api
from culture_connect_cli.commands.options import RegistrationUrl, TokenFile
from culture_connect_cli.commands.output import output, print_error, run
from culture_connect_cli.programme.apply import apply as apply_season
from culture_connect_cli.programme.evening_ids import write_ids
from culture_connect_cli.programme.season_file import read_season

programme_app = typer.Typer(no_args_is_help=True, help="The programme of a season, kept in a file.")


@programme_app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The season in YAML; see deploy/samples.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do what is shown without asking.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Call off the evenings that are not in the file.")] = False,
    url: RegistrationUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Shows how the programme differs from the file and makes it the same. Safe to repeat."""

    async def work() -> bool:
        season = read_season(file)
        async with Api.find(url=url, token_file=token_file) as api:
            return await apply_season(
                api,
                season,
                output.print,
                prune=prune,
                dry_run=dry_run,
                confirm=lambda: yes or confirm(sys.stdin),
                # An ambiguity is decided by a person who sees the question: neither --yes nor piped input decides it.
                ask=lambda question: ask(sys.stdin, question) if sys.stdin.isatty() and not yes else None,
            )

    if not run(work()):
        raise typer.Exit(1)


@programme_app.command()
def ids(
    file: Annotated[Path, typer.Argument(help="The season in YAML, whose evenings are in the programme.")],
    url: RegistrationUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Writes the id of each evening into the file, which identifies it when it moves later."""

    async def work() -> int:
        async with Api.find(url=url, token_file=token_file) as api:
            return await write_ids(api, file)

    count = run(work())
    output.print(f"{count} ids written." if count else "No id is missing that the programme knows.")


def confirm(stdin: TextIO) -> bool:
    """Asks whether to apply the plan; only a yes is taken for one, also from piped input."""
    answer = ask(stdin, "Do this?")
    if answer is None and not stdin.isatty():
        print_error("this needs a yes: where nobody can be asked, give --yes")
    return answer is True


def ask(stdin: TextIO, question: str) -> bool | None:
    """The answer: yes, no, or None for anything else."""
    output.print(f"{question} [y/N] ", end="")
    line = stdin.readline()
    if not stdin.isatty():
        output.print()
    return {"y": True, "yes": True, "n": False, "no": False}.get(line.strip().lower())
