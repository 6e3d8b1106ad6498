"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from culture_connect_cli.services import NOTIFICATIONS, REGISTRATION, TICKETING, url_variable

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


def _url_option(service: str, port: int) -> Any:
    example = f"such as http://127.0.0.1:{port}. Without it: the local stack."
    return typer.Option(envvar=url_variable(service), help=f"The address of {service}, {example}")


RegistrationUrl = Annotated[str | None, _url_option(REGISTRATION, 8001)]
TicketingUrl = Annotated[str | None, _url_option(TICKETING, 8002)]
NotificationsUrl = Annotated[str | None, _url_option(NOTIFICATIONS, 8003)]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_TOKEN_FILE",
        help="A file with a bearer token of the programme team, readable by you alone.",
    ),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write, for you alone. Without it: the terminal.")
]
