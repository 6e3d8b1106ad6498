"""`culture-connect topology`: the topology of the bus, applied and verified."""

import json
import os
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from culture_connect.messaging.topology import Vhosts, definitions, password_hash
from culture_connect_cli.broker.connection import Broker, find_broker, read_secret
from culture_connect_cli.broker.management import BrokerError
from culture_connect_cli.commands.options import Amqp, ManagementUrl, PasswordFile, Username
from culture_connect_cli.commands.output import output, run
from culture_connect_cli.topology import migration
from culture_connect_cli.topology.apply import apply_topology, verify_topology
from culture_connect_cli.topology.difference import Difference

topology_app = typer.Typer(
    no_args_is_help=True, help="Virtual hosts, exchanges, queues and rights: make them, check them, write them."
)

Passwords = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="A folder with a file for each account (registration, operator, ...) that holds its password.",
    ),
]


@topology_app.command()
def apply(
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
    passwords: Passwords = None,
    drain_timeout: Annotated[
        float,
        typer.Option(
            "--patience", min=0, help="Seconds for which a service may empty a client's queue that has to be made anew."
        ),
    ] = migration.DRAIN_TIMEOUT,
) -> None:
    """Creates and corrects the topology. Safe to repeat. Status 1 when a queue could not be made anew."""

    async def work() -> tuple[list[Difference], list[migration.MigrationResult]]:
        broker = find_broker(management_url=management_url, username=username, password_file=password_file, amqp=amqp)
        given = read_passwords(passwords) if passwords else {}
        async with broker.management() as management:
            corrected = await apply_topology(management, broker.vhosts, passwords=given)
            return corrected, await migration.migrate(broker, management, drain_timeout=drain_timeout)

    corrected, queues = run(work())
    skipped = [result for result in queues if result.skipped]
    for difference in corrected:
        output.print(f"put right: {difference}")
    for result in queues:
        if not result.skipped:
            output.print(f"made anew with its messages: queue {result.queue}")
    count = len(corrected) + len(queues) - len(skipped)
    if count or not skipped:
        output.print(f"{count} things put right." if count else "Everything was there already.")
    for result in skipped:
        output.print(f"not made anew: queue {result.queue}: {result.skipped}; then run this again")
    if skipped:
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
    for remedy, rows in groupby(sorted(found, key=lambda row: row.remedy), key=lambda row: row.remedy):
        output.print(f"{remedy.value}:")
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
        # A file with password hashes is a secret.
        mode = 0o600 if passwords else 0o644
        with os.fdopen(os.open(output_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)


def read_passwords(folder: Path) -> dict[str, str]:
    """Passwords by account, from a folder with a file for each. Raises BrokerError when one is unusable."""
    found = {path.name: read_secret(path) for path in sorted(folder.iterdir()) if path.is_file()}
    if empty := [name for name, password in found.items() if not password]:
        raise BrokerError(f"no password in {', '.join(str(folder / name) for name in empty)}")
    return found
