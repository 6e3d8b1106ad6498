"""`culture-connect up`: the whole system on this machine, until Ctrl-C."""

import asyncio

import typer
from rich.console import Console
from rich.table import Table

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.stack import LocalStack, StackError
from culture_connect_cli.stack.node import Node
from culture_connect_cli.stack.signals import run_until_stopped

_console = Console(highlight=False)


def up() -> None:
    """Starts infrastructure and services on this machine, prints where they are, stops cleanly on Ctrl-C."""
    try:
        run_until_stopped(_stay_up())
    except StackError as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"error: {error}")
        raise typer.Exit(1) from None
    _console.print("Everything is stopped; its data is kept.")


def addresses(stack: LocalStack) -> Table:
    """Where everything is, with the login of the broker's console."""
    user, password = stack.operator_login
    table = Table(title="Culture Connect is running", title_justify="left", show_header=False)
    for name in SERVICES:
        table.add_row(name, f"{stack.urls[name]}/docs")
    table.add_row("mailbox", stack.urls["mailbox"])
    table.add_row("RabbitMQ console", stack.urls["console"])
    table.add_row("its login", f"{user} / {password}")
    table.add_row("AMQP", f"{stack.rabbitmq.host}:{stack.rabbitmq.port}")
    if isinstance(stack.rabbitmq, Node):
        table.add_row("AMQP over TLS", f"{stack.rabbitmq.host}:{stack.rabbitmq.tls_port}, see {stack.rabbitmq.ca_file}")
    table.add_row("tokens, accounts", str(stack.home.stack_file))
    table.add_row("logs", str(stack.home.logs))
    return table


async def _stay_up() -> None:
    async with LocalStack(say=_console.print) as stack:
        _console.print(addresses(stack))
        _console.print("Ctrl-C stops everything.")
        await asyncio.Event().wait()
