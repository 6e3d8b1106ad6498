"""`culture-connect doctor`: checks of a running system."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from culture_connect_cli.broker.connection import Broker, amqps_of, find_broker
from culture_connect_cli.commands.options import (
    ManagementUrl,
    NotificationsUrl,
    PasswordFile,
    RegistrationUrl,
    TicketingUrl,
    Username,
)
from culture_connect_cli.commands.output import output, printable, run
from culture_connect_cli.doctor import CheckResult, find_locations, run_checks
from culture_connect_cli.services import NOTIFICATIONS, REGISTRATION, TICKETING
from culture_connect_cli.stack_file import stack_file

MetricsPort = Annotated[
    int | None,
    typer.Option(
        envvar="CULTURE_CONNECT_METRICS_PORT",
        min=1,
        max=65535,
        help="The port of the services' metrics, if it is a separate one.",
    ),
]
AmqpsAddress = Annotated[
    str | None,
    typer.Option(envvar="CULTURE_CONNECT_AMQPS", help="HOST:PORT where external clients reach the broker with TLS."),
]
AmqpsCaFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_AMQPS_CA_FILE", help="The authority to trust there, if it is not a public one."
    ),
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
    locations = find_locations(
        given, broker, stack_file(), metrics_port=metrics_port, amqps=amqps_of(amqps, amqps_ca_file)
    )
    wrong = _print_results(run(run_checks(locations, datetime.now(UTC))))
    if wrong:
        output.print("One thing is wrong." if wrong == 1 else f"{wrong} things are wrong.")
        raise typer.Exit(1)
    output.print("All is well.")


def _print_results(results: Iterable[CheckResult]) -> int:
    """Prints a line for each passed check and each finding; returns the number of findings."""
    wrong = 0
    for result in results:
        if not result.findings:
            output.print(Text.assemble(("ok    ", "green"), printable(result.passed)))
        for finding in result.findings:
            wrong += 1
            output.print(Text.assemble(("wrong ", "bold red"), printable(finding.what)))
            if finding.remedy:
                output.print(f"      -> {printable(finding.remedy)}")
    return wrong
