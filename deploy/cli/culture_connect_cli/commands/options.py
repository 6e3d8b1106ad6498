"""What the commands that talk to a broker have in common."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from culture_connect_cli.api.client import ApiError
from culture_connect_cli.broker.management import BrokerError

T = TypeVar("T")

# Names are printed as they are: brackets in them are no markup, numbers no highlight.
output = Console(highlight=False, markup=False, soft_wrap=True)

ManagementUrl = Annotated[
    str | None,
    typer.Option(
        envvar="CULTURE_CONNECT_MANAGEMENT_URL",
        help="The broker's console, such as http://127.0.0.1:15672. Without it: the local stack.",
    ),
]
Username = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_MANAGEMENT_USERNAME", help="An administrator of the broker."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_MANAGEMENT_PASSWORD_FILE",
        help="A file with the administrator's password, readable by you alone.",
    ),
]
Amqp = Annotated[
    str | None,
    typer.Option(
        envvar="CULTURE_CONNECT_AMQP",
        help="HOST:PORT of AMQP, when it is not port 5672 of the console's host.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        envvar="CULTURE_CONNECT_REGISTRATION_URL",
        help="Registration's address, such as http://127.0.0.1:8001. Without it: the local stack.",
    ),
]
TicketingUrl = Annotated[
    str | None,
    typer.Option(
        envvar="CULTURE_CONNECT_TICKETING_URL",
        help="Ticketing's address, such as http://127.0.0.1:8002. Without it: the local stack.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_TOKEN_FILE",
        help="A file with a bearer token of the programme team, readable by you alone.",
    ),
]


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; what the broker or an API refuses ends the command with a plain line and status 1."""
    try:
        return asyncio.run(work)
    except (ApiError, BrokerError, ValueError) as error:
        fail(str(error))
        raise typer.Exit(1) from None


def fail(text: str) -> None:
    """Prints what went wrong where errors belong."""
    Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True).print(f"error: {text}")
