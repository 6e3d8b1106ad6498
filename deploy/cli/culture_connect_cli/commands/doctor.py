"""`culture-connect doctor`: what is wrong with a running system, in plain words."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from culture_connect.messaging.topology import NOTIFICATIONS, REGISTRATION, TICKETING
from culture_connect_cli.broker.connection import Broker, amqps_of, find_broker, stack_file
from culture_connect_cli.commands.options import ManagementUrl, PasswordFile, Username, output, run
from culture_connect_cli.commands.output import plain
from culture_connect_cli.doctor import Checked, examine, find_system

RegistrationUrl = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_REGISTRATION_URL", help="Where registration is; else the local stack's."),
]
TicketingUrl = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_TICKETING_URL", help="Where ticketing is; else the local stack's."),
]
NotificationsUrl = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_NOTIFICATIONS_URL", help="Where notifications is; else the local stack's."),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        envvar="CULTURE_CONNECT_METRICS_PORT",
        min=1,
        max=65535,
        help="The port of the services' figures, when they have one of its own.",
    ),
]
AmqpsAddress = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_AMQPS", help="HOST:PORT where parties reach the broker with TLS."),
]
AmqpsCaFile = Annotated[
    Path | None,
    typer.Option(envvar="CULTURE_CONNECT_AMQPS_CA_FILE", help="The authority to trust there, if nobody known is it."),
]


def doctor(
    registration_url: RegistrationUrl = None,
    ticketing_url: TicketingUrl = None,
    notifications_url: NotificationsUrl = None,
    metrics_port: MetricsPort = None,
    amqps: AmqpsAddress = None,
    amqps_ca_file: AmqpsCaFile = None,
    management_url: ManagementUrl = None,
    username: Username = None,
    password_file: PasswordFile = None,
) -> None:
    """Checks a running system from outside and says what is wrong; status 1 when anything is."""

    def broker() -> Broker:
        return find_broker(management_url=management_url, username=username, password_file=password_file)

    given = {REGISTRATION: registration_url, TICKETING: ticketing_url, NOTIFICATIONS: notifications_url}
    system = find_system(given, broker, stack_file(), metrics_port=metrics_port, amqps=amqps_of(amqps, amqps_ca_file))
    wrong = _tell(run(examine(system, datetime.now(UTC))))
    if wrong:
        output.print("One thing is wrong." if wrong == 1 else f"{wrong} things are wrong.")
        raise typer.Exit(1)
    output.print("All is well.")


def _tell(checks: Iterable[Checked]) -> int:
    """Prints a line for what is well and for each finding; returns how many findings there are."""
    wrong = 0
    for checked in checks:
        if not checked.findings:
            output.print(Text.assemble(("ok    ", "green"), plain(checked.well)))
        for finding in checked.findings:
            wrong += 1
            output.print(Text.assemble(("wrong ", "bold red"), plain(finding.what)))
            if finding.cure:
                output.print(f"      -> {plain(finding.cure)}")
    return wrong
