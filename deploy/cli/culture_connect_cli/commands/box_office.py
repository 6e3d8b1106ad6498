"""`culture-connect box-office`: the events of a box office, sent again."""

from typing import Annotated
from uuid import UUID

import typer

from culture_connect_cli.accounts import validate_name
from culture_connect_cli.api.client import Api
from culture_connect_cli.commands.options import TicketingUrl, TokenFile
from culture_connect_cli.commands.output import output, run
from culture_connect_cli.services import TICKETING

box_office_app = typer.Typer(no_args_is_help=True, help="Help for box offices that lost something.")

_EXAMPLE = "0d0c6a9e-6a83-4c55-9df2-3e9c1f6b1a57"


# With a callback the group stays a group although it has one command.
@box_office_app.callback()
def group() -> None:
    """Help for box offices that lost something."""


@box_office_app.command()
def replay(
    venue: Annotated[str, typer.Argument(help="Whose box office it is.")],
    evening: Annotated[str, typer.Argument(help="The id of an evening at that venue.")],
    url: TicketingUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Sends a box office everything of an evening again; one that missed nothing will ignore it."""

    async def work() -> int:
        path, body = f"/evenings/{_id(evening)}/replay", {"venue": validate_name("box-office", venue)}
        async with Api.find(TICKETING, url=url, token_file=token_file) as api:
            # A new idempotency key for each run, since each run sends everything again.
            return int((await api.post(path, json=body)).json()["tickets"])

    tickets = run(work())
    what = _tickets(tickets, evening) if tickets else f"The evening {evening} itself, and no ticket, was"
    output.print(f"{what} sent again to the box office of {venue}.")


def _tickets(number: int, evening: str) -> str:
    return f"1 ticket of evening {evening} was" if number == 1 else f"{number} tickets of evening {evening} were"


def _id(evening: str) -> UUID:
    try:
        return UUID(evening)
    except ValueError:
        raise ValueError(f"{evening} is not the id of an evening, such as {_EXAMPLE}") from None
