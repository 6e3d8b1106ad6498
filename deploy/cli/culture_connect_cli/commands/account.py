"""`culture-connect account`: onboarding and offboarding of external clients."""

from typing import Annotated

import typer
from rich.table import Table

from culture_connect.messaging.topology import PartyKind
from culture_connect_cli.accounts import (
    AccountState,
    Credentials,
    Removal,
    add_account,
    list_accounts,
    remove_account,
    validate_name,
)
from culture_connect_cli.broker.connection import find_broker, is_local
from culture_connect_cli.commands.options import Amqp, ManagementUrl, PasswordFile, Username
from culture_connect_cli.commands.output import output, run
from culture_connect_cli.stack_file import forget_account, record_account, stack_file

account_app = typer.Typer(
    no_args_is_help=True, help="Accounts of HR systems and box offices: credentials, rights, limits."
)

Kind = Annotated[PartyKind, typer.Argument(help="The kind of client.")]
Name = Annotated[str, typer.Argument(help="The partner's slug, or the venue.")]


@account_app.command()
def add(
    kind: Kind,
    name: Name,
    rotate: Annotated[bool, typer.Option(help="Give an account that exists a new password.")] = False,
    advertise: Annotated[
        str | None,
        typer.Option(
            envvar="CULTURE_CONNECT_AMQP_ADVERTISED",
            help="HOST:PORT where the client connects, if it differs from ours.",
        ),
    ] = None,
    advertise_tls: Annotated[
        str | None,
        typer.Option(
            envvar="CULTURE_CONNECT_AMQPS_ADVERTISED",
            help="HOST:PORT where the client connects with TLS.",
        ),
    ] = None,
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
) -> None:
    """Creates a client's account, exchange, queues, permissions and limits, and prints its credentials once."""

    async def work() -> Credentials:
        broker = find_broker(
            management_url=management_url,
            username=username,
            password_file=password_file,
            amqp=amqp,
            advertise=advertise,
            advertise_tls=advertise_tls,
        )
        credentials = await add_account(broker, kind, validate_name(kind, name), rotate=rotate)
        if is_local(broker):
            record_account(stack_file(), credentials)
        return credentials

    credentials = run(work())
    for label, value in (
        ("host", credentials.host),
        ("port", str(credentials.port)),
        ("virtual host", credentials.vhost),
        ("username", credentials.username),
        ("password", credentials.password),
        ("publish to exchange", credentials.exchange),
        ("with routing key", credentials.routing_key),
        ("consume from queue", credentials.queue),
        ("as one address", credentials.url),
        *_over_tls(credentials),
    ):
        output.print(f"{label:<20} {value}")
    output.print("The password is shown this once and kept nowhere: hand it over safely.")


@account_app.command()
def remove(
    kind: Kind,
    name: Name,
    discard: Annotated[bool, typer.Option(help="Throw away the messages in its queues.")] = False,
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
) -> None:
    """Closes a client's connections and removes its account, exchange and queues."""

    async def work() -> Removal:
        broker = find_broker(management_url=management_url, username=username, password_file=password_file, amqp=amqp)
        removal = await remove_account(broker, kind, name, discard=discard)
        if is_local(broker):
            forget_account(stack_file(), removal.account)
        return removal

    removal = run(work())
    output.print(f"The account {removal.account} is removed, with its exchange and queues.")
    for queue, count in removal.discarded.items():
        output.print(f"{count} messages in {queue} were thrown away.")


@account_app.command("list")
def list_(
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
    amqp: Amqp = None,
) -> None:
    """Shows the external clients on the bus; status 1 when one of them is not complete."""

    async def work() -> list[AccountState]:
        broker = find_broker(management_url=management_url, username=username, password_file=password_file, amqp=amqp)
        return await list_accounts(broker)

    states = run(work())
    if not states:
        output.print("There are no accounts of external clients.")
        return
    table = Table("kind", "name", "connections", "to be handled", "to be fetched", "state")
    for state in states:
        table.add_row(
            state.kind,
            state.name,
            str(state.connections),
            _count(state.inbound),
            _count(state.outbound),
            "complete" if state.complete else "incomplete: see `topology verify`",
        )
    output.print(table)
    if not all(state.complete for state in states):
        raise typer.Exit(1)


def _over_tls(credentials: Credentials) -> list[tuple[str, str]]:
    if credentials.amqps is None or credentials.tls_url is None:
        return []
    ca_file = credentials.amqps.ca_file
    return [("with TLS", credentials.tls_url), *([("trusting", str(ca_file))] if ca_file else [])]


def _count(messages: int | None) -> str:
    return "no queue" if messages is None else str(messages)
