"""`culture-connect person`: the data of one person."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from culture_connect_cli.api.client import Api
from culture_connect_cli.commands.options import OutputFile, TokenFile
from culture_connect_cli.commands.output import deliver, run
from culture_connect_cli.services import REGISTRATION, SERVICES

_OPERATOR: Final = "operator"

person_app = typer.Typer(no_args_is_help=True, help="What is held of one person.")


@person_app.callback()
def _person() -> None:
    """Keeps the group a group although it has one command."""


@person_app.command()
def export(
    partner: Annotated[str, typer.Argument(help="The partner's slug.")],
    employee_ref: Annotated[str, typer.Argument(help="HR's reference of the employee.")],
    output_file: OutputFile = None,
    token_file: TokenFile = None,
) -> None:
    """Writes all data of a person in the services as JSON, for their right of access (GDPR, article 15).

    Needs a token with the scope operator. Ticket codes and links are masked: they open a door or a page.
    """
    found = run(_export(partner, employee_ref, token_file))
    content = json.dumps(found, ensure_ascii=False, indent=2).encode() + b"\n"
    deliver(content, output_file, what="What is held of this person is")


async def _export(partner: str, employee_ref: str, token_file: Path | None) -> dict[str, Any]:
    """The data of every service; registration knows the participant id of the employee."""
    path = f"/partners/{quote(partner, safe='')}/participants/{quote(employee_ref, safe='')}/export"
    first = await _get(REGISTRATION, path, token_file)
    participant_id = first["participant_id"]
    services = {REGISTRATION: first["held"]}
    for service in SERVICES:
        if service != REGISTRATION:
            answer = await _get(service, f"/participants/{participant_id}/export", token_file)
            services[service] = answer["held"]
    return {
        "partner": partner,
        "employee_ref": employee_ref,
        "participant_id": participant_id,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "services": services,
    }


async def _get(service: str, path: str, token_file: Path | None) -> dict[str, Any]:
    async with Api.find(service, token_file=token_file, scope=_OPERATOR) as api:
        return dict((await api.get(path)).json())
