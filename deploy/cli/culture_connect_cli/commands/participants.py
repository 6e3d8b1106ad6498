"""`culture-connect participants`: the participants of a partner as CSV."""

from typing import Annotated
from urllib.parse import quote

import typer

from culture_connect_cli.api.client import Api
from culture_connect_cli.commands.options import OutputFile, RegistrationUrl, TokenFile
from culture_connect_cli.commands.output import deliver, run


def participants(
    partner: Annotated[str, typer.Argument(help="The partner's slug.")],
    output_file: OutputFile = None,
    url: RegistrationUrl = None,
    token_file: TokenFile = None,
) -> None:
    """Writes a partner's participants as CSV. It holds personal data: keep it no longer than you need it."""

    async def work() -> bytes:
        async with Api.find(url=url, token_file=token_file) as api:
            path = f"/partners/{quote(partner, safe='')}/participants/export"
            return (await api.get(path, headers={"Accept": "text/csv"})).content

    content = run(work())
    deliver(content, output_file, what=f"The participants of {partner} are")
