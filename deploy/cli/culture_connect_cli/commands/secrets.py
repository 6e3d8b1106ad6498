"""`culture-connect secrets`: the secrets of an installation in containers, made before its first start."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from culture_connect_cli.commands.output import fail, output
from culture_connect_cli.database.roles import prepare_roles
from culture_connect_cli.secrets import installation
from culture_connect_cli.secrets.certificates import CertificateError
from culture_connect_cli.secrets.store import SecretsError

secrets_app = typer.Typer(no_args_is_help=True, help="Passwords, tokens and keys of an installation, as files.")

Folder = Annotated[Path, typer.Argument(help="Where the secrets are kept.")]


@secrets_app.command()
def init(
    folder: Folder,
    database: Annotated[
        str,
        typer.Option(
            envvar="CULTURE_CONNECT_DATABASE",
            help="HOST:PORT of the database for the services, or several with commas.",
        ),
    ] = "postgres:5432",
    broker: Annotated[
        str,
        typer.Option(
            envvar="CULTURE_CONNECT_BROKER", help="HOST:PORT of the broker for the services, or several with commas."
        ),
    ] = "rabbitmq:5672",
    broker_tls: Annotated[bool, typer.Option("--broker-tls", help="Services reach the broker over amqps.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option(
            envvar="CULTURE_CONNECT_AMQPS_HOST",
            help="Host name or IP address of the broker for external clients, for its certificate; may be repeated.",
        ),
    ] = None,
    owner: Annotated[
        list[str] | None,
        typer.Option(help="PART=UID: the user who reads this part of the folder; may be repeated, needs root."),
    ] = None,
) -> None:
    """Makes the missing secrets and writes the files of every program. Safe to repeat."""
    try:
        owners = {part: int(uid) for part, _, uid in (entry.partition("=") for entry in owner or ())}
    except ValueError:
        raise typer.BadParameter("expected PART=UID", param_hint="--owner") from None
    addresses = installation.Addresses(database, broker, broker_tls=broker_tls)
    addresses = replace(addresses, hosts=(*addresses.hosts, *(host or ())))
    try:
        made = installation.provision(folder, addresses, owners)
    except (SecretsError, CertificateError) as error:
        fail(str(error))
    output.print(f"{len(made)} secrets made, all files written to {folder}.")


@secrets_app.command()
def roles(
    folder: Folder,
    database: Annotated[
        str, typer.Option(envvar="CULTURE_CONNECT_DATABASE", help="HOST:PORT of the database, or several with commas.")
    ] = "postgres:5432",
) -> None:
    """Creates a role and a schema for each service in the database, with the passwords of the folder."""
    try:
        url = installation.superuser_url(folder, database)
        asyncio.run(prepare_roles(url, installation.role_passwords(folder)))
    except FileNotFoundError:
        fail(f"there are no secrets in {folder}: run `culture-connect secrets init` first")
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        fail(f"the database at {database} failed: {type(error).__name__}")
    output.print("Every service has its role and schema.")
