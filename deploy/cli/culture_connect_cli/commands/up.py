"""`culture-connect up`: the whole system on this machine, until Ctrl-C."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from rich.console import Console
from rich.table import Table

from culture_connect_cli.commands.output import fail
from culture_connect_cli.services import SERVICES
from culture_connect_cli.stack import LocalStack, StackError
from culture_connect_cli.stack.rabbitmq.node import Node
from culture_connect_cli.stack.signals import run_until_stopped

console = Console(highlight=False)


def up() -> None:
    """Starts infrastructure and services on this machine, prints their addresses, stops cleanly on Ctrl-C."""
    run_stack(_stay_up())


def run_stack(work: Coroutine[Any, Any, None]) -> None:
    """Runs work with a stack until it ends or is stopped; an error of the stack ends the command with status 1."""
    try:
        run_until_stopped(work)
    except StackError as error:
        fail(str(error))
    console.print("Everything is stopped; its data is kept.")


def addresses(stack: LocalStack) -> Table:
    """The addresses of everything, with the login of the broker's console."""
    user, password = stack.operator_login
    table = Table(title="Culture Connect is running", title_justify="left", show_header=False)
    for service in SERVICES:
        table.add_row(service, f"{stack.urls[service]}/docs")
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
    async with LocalStack(report=console.print) as stack:
        console.print(addresses(stack))
        console.print("Ctrl-C stops everything.")
        await asyncio.Event().wait()
