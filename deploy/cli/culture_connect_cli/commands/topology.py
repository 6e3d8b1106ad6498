"""`culture-connect topology`: the bus as the code describes it."""

import json
import os
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from culture_connect.messaging.topology import Vhosts, definitions, password_hash
from culture_connect_cli.broker.connection import Broker, find_broker, read_secret
from culture_connect_cli.broker.management import BrokerError
from culture_connect_cli.commands.options import (
    Amqp,
    ManagementUrl,
    PasswordFile,
    Username,
    output,
    run,
)
from culture_connect_cli.topology import migration
from culture_connect_cli.topology.apply import apply_topology, verify_topology
from culture_connect_cli.topology.comparison import Difference

topology_app = typer.Typer(
    no_args_is_help=True, help="Virtual hosts, exchanges, queues and rights: make them, check them, write them."
)

Passwords = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="A folder with one file per account (registration, operator, ...) that holds its password.",
    ),
]


@topology_app.command()
def apply(
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
    passwords: Passwords = None,
    patience: Annotated[
        float,
        typer.Option(min=0, help="Seconds for which a service may empty a party's queue that has to be made anew."),
    ] = migration.PATIENCE,
) -> None:
    """Makes what is missing and puts right what can be; run it as often as you like. Status 1 when a queue was left."""

    async def work() -> tuple[list[Difference], list[migration.Outcome]]:
        broker = find_broker(management_url=management_url, username=username, password_file=password_file, amqp=amqp)
        given = read_passwords(passwords) if passwords else {}
        async with broker.management() as management:
            mended = await apply_topology(management, broker.vhosts, passwords=given)
            return mended, await migration.migrate(broker, management, patience=patience)

    mended, queues = run(work())
    left = [outcome for outcome in queues if outcome.left]
    for difference in mended:
        output.print(f"put right: {difference}")
    for outcome in queues:
        if not outcome.left:
            output.print(f"made anew with its messages: queue {outcome.queue}")
    count = len(mended) + len(queues) - len(left)
    if count or not left:
        output.print(f"{count} things put right." if count else "Everything was there already.")
    for outcome in left:
        output.print(f"not made anew: queue {outcome.queue}: {outcome.left}; then run this again")
    if left:
        raise typer.Exit(1)


@topology_app.command()
def verify(
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
) -> None:
    """Compares the broker with the code and prints every difference; status 1 when there is any."""

    async def work() -> tuple[Broker, list[Difference]]:
        broker = find_broker(management_url=management_url, username=username, password_file=password_file, amqp=amqp)
        async with broker.management() as management:
            return broker, await verify_topology(management, broker.vhosts)

    broker, found = run(work())
    if not found:
        output.print(f"The broker at {broker.management_url} is as the code says.")
        return
    for cure, rows in groupby(sorted(found, key=lambda row: row.cure), key=lambda row: row.cure):
        output.print(f"{cure.value}:")
        for row in rows:
            output.print(f"  {row}")
    output.print(f"{len(found)} differences.")
    raise typer.Exit(1)


@topology_app.command()
def export(
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; without it, to the terminal.")
    ] = None,
    partner: Annotated[list[str] | None, typer.Option(help="A partner's slug; may be repeated.")] = None,
    venue: Annotated[list[str] | None, typer.Option(help="A venue; may be repeated.")] = None,
    passwords: Passwords = None,
) -> None:
    """Writes the definitions file of the broker; accounts are in it only when their passwords are given."""

    async def work() -> str:
        hashes = (
            {name: password_hash(secret) for name, secret in read_passwords(passwords).items()} if passwords else {}
        )
        document = definitions(Vhosts(), partner or (), venue or (), hashes)
        return json.dumps(document, indent=2) + "\n"

    text = run(work())
    if output_file is None:
        output.print(text, end="")
    else:
        # With password hashes in it, it is a secret.
        mode = 0o600 if passwords else 0o644
        with os.fdopen(os.open(output_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)


def read_passwords(folder: Path) -> dict[str, str]:
    """Account to password, from a folder with one file per account. Raises BrokerError when one is unusable."""
    found = {path.name: read_secret(path) for path in sorted(folder.iterdir()) if path.is_file()}
    if empty := [name for name, password in found.items() if not password]:
        raise BrokerError(f"no password in {', '.join(str(folder / name) for name in empty)}")
    return found
