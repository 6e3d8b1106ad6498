"""`culture-connect outbox`: messages that their destination does not accept."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from culture_connect_cli.commands.output import output, run
from culture_connect_cli.database import outbox

outbox_app = typer.Typer(
    no_args_is_help=True, help="Messages that wait for a destination in trouble: see them, have them tried again."
)

DatabaseUrlFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CULTURE_CONNECT_DATABASE_URL_FILE",
        help="A file with the database's URL, readable by you alone; a service's role sees that service's outbox. "
        "Without it: the local stack.",
    ),
]


@outbox_app.command("list")
def list_(database_url_file: DatabaseUrlFile = None) -> None:
    """Shows the destinations that do not accept their messages, and messages that can never be sent."""

    async def work() -> tuple[list[outbox.FailingDestination], list[outbox.QuarantinedMessages]]:
        return await outbox.list_failures(outbox.find_database(database_url_file))

    lanes, rows = run(work())
    for lane in lanes:
        state = "quarantined, " if lane.quarantined else ""
        output.print(
            f"{lane.service}: {lane.waiting} for {lane.lane} wait since {_time(lane.since)} ({lane.reason}); "
            f"{state}tried {lane.tries} times, again at {_time(lane.next_try)}"
        )
    for row in rows:
        output.print(
            f"{row.service}: {row.number} for {row.lane} can never be sent ({row.reason}); the first is row {row.first}"
        )
    if not lanes and not rows:
        output.print("Every destination takes its messages.")


@outbox_app.command()
def release(
    lane: Annotated[
        str | None, typer.Argument(help="A destination as `list` names it. Without it: all of them.")
    ] = None,
    database_url_file: DatabaseUrlFile = None,
) -> None:
    """Tries failing destinations again at once, after their cause is repaired."""

    async def work() -> tuple[int, int]:
        return await outbox.release(outbox.find_database(database_url_file), lane)

    lanes, rows = run(work())
    if lane is not None and not lanes and not rows:
        output.print(f"{lane} is not in trouble.")
        raise typer.Exit(1)
    output.print(f"Tried again now: {lanes} destinations, {rows} messages that were set apart.")


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
