"""`culture-connect token`: bearer tokens of the HTTP APIs of this installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from culture_connect_cli.commands.output import fail, output
from culture_connect_cli.secrets import tokens
from culture_connect_cli.secrets.store import SecretsError
from culture_connect_cli.stack import Home

token_app = typer.Typer(
    no_args_is_help=True, help="Tokens of the HTTP APIs: make them, see which there are, revoke them."
)

Name = Annotated[str, typer.Argument(help="What the token is known by, such as that of the program that uses it.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_SECRETS_FOLDER",
        help="Where the secrets of the installation are kept. Without it: those of the local stack.",
    ),
]


@token_app.command()
def add(
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(help="programme, operator, mail, partner:SLUG or box-office:VENUE; may be repeated."),
    ],
    expires_in: Annotated[
        int | None,
        typer.Option(min=1, max=3650, metavar="DAYS", help="After how many days it ends. Without it: never."),
    ] = None,
    folder: Folder = None,
) -> None:
    """Makes a token and prints it, this once; nothing but the token goes to the standard output."""
    lifetime = timedelta(days=expires_in) if expires_in else None
    with _secrets(folder) as secrets:
        token = tokens.add(secrets, name, scope, now=datetime.now(UTC), lifetime=lifetime)
    output.print(token)
    typer.echo("The token is shown this once and kept nowhere: hand it over safely.", err=True)


@token_app.command("list")
def list_(folder: Folder = None) -> None:
    """Shows the names and scopes of the tokens that are not revoked."""
    with _secrets(folder) as secrets:
        found = tokens.list_tokens(secrets)
    table = Table(*(Column(title, overflow="fold") for title in ("name", "scopes", "made (UTC)", "expires (UTC)")))
    now = datetime.now(UTC)
    for token in found:
        made = _minute(token.created_at) if token.created_at else "built in"
        table.add_row(token.name, "\n".join(token.scopes), made, _end(token.expires_at, now))
    output.print(table)


@token_app.command()
def revoke(name: Name, folder: Folder = None) -> None:
    """Revokes a token: the services refuse it from their next request on."""
    with _secrets(folder) as secrets:
        tokens.revoke(secrets, name, now=datetime.now(UTC))
    output.print(f"The token {name} is revoked.")


@contextmanager
def _secrets(folder: Path | None) -> Iterator[Path]:
    """The folder of secrets; an error in it ends the command with one line and status 1."""
    try:
        yield folder or Home.default().secrets
    except (SecretsError, tokens.TokenError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or 'the secrets'} cannot be used: {error.strerror}")


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _end(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "never"
    return f"{_minute(moment)} (over)" if moment <= now else _minute(moment)
