"""`culture-connect demo`: a local stack with a season played on it."""

import asyncio
import contextlib
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.live import Live

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import PartyKind
from culture_connect_cli import stack_file
from culture_connect_cli.accounts.onboarding import Credentials, add_account
from culture_connect_cli.broker.definitions import names_of_party
from culture_connect_cli.commands.up import addresses
from culture_connect_cli.demo import display
from culture_connect_cli.demo.http_clients import Mailbox, ProgrammeTeam
from culture_connect_cli.demo.participant import Reader
from culture_connect_cli.demo.sample_data import PARTNERS
from culture_connect_cli.demo.scenario import PATIENCE, Season
from culture_connect_cli.stack import LocalStack, StackError
from culture_connect_cli.stack.signals import run_until_stopped

_console = Console(highlight=False)
_REFRESH = 0.25  # seconds


def demo(
    leave: Annotated[bool, typer.Option("--exit", help="Stop afterwards; non-zero if anything is missing.")] = False,
    patience: Annotated[float, typer.Option(help="Seconds for a scene to arrive everywhere.")] = PATIENCE,
) -> None:
    """Starts everything and plays a season on it: enrolments, evenings, a waiting line, a door."""
    complete = True

    async def show() -> None:
        nonlocal complete
        async with LocalStack(say=_console.print) as stack:
            complete = await _play(stack, patience)
            _console.print(addresses(stack))
            if not leave:
                _console.print("The mailbox is a good place to look. Ctrl-C stops everything.")
                await asyncio.Event().wait()

    try:
        run_until_stopped(show())
    except StackError as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"error: {error}")
        raise typer.Exit(1) from None
    _console.print("Everything is stopped; its data is kept.")
    if not complete:
        raise typer.Exit(1)


async def _play(stack: LocalStack, patience: float) -> bool:
    """Plays the season and shows it; True when everything arrived."""
    credentials = await _onboard(stack)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        team = ProgrammeTeam(client, stack.urls, stack.tokens["programme"])
        mailbox = Mailbox(client, stack.urls["mailbox"])
        async with Season(credentials, team, mailbox, Reader(client, mailbox), patience=patience) as season:
            with Live(display.live(season), console=_console, transient=True) as live:
                showing = asyncio.create_task(_keep_showing(live, season))
                try:
                    await season.play()
                finally:
                    showing.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await showing
            for line in season.told:
                _console.print(line)
            _console.print(display.received(season))
            _console.print(display.verdict(season))
            return not season.missing


async def _keep_showing(live: Live, season: Season) -> None:
    while True:
        live.update(display.live(season))
        await asyncio.sleep(_REFRESH)


async def _onboard(stack: LocalStack) -> dict[str, Credentials]:
    """The accounts of all parties; those that an earlier demo made are used again."""
    parties: list[tuple[PartyKind, str]] = [("hr", partner.slug) for partner in PARTNERS]
    parties += [("box-office", venue.value) for venue in Venue]
    return {names_of_party(kind, name)[0]: await _account(stack, kind, name) for kind, name in parties}


async def _account(stack: LocalStack, kind: PartyKind, name: str) -> Credentials:
    account, _, queue = names_of_party(kind, name)
    known = stack.accounts.get(account)
    if known is None:
        credentials = await add_account(stack.broker, kind, name)
        stack_file.record(stack.home.stack_file, credentials)
        return credentials
    broker = stack.broker
    key = "enrolment" if kind == "hr" else "admission"
    return Credentials(account, known["password"], broker.host, broker.port, known["vhost"], account, key, queue)
