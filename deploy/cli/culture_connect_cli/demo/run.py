"""Runs the scenario on a local stack and shows it live."""

import asyncio
import contextlib

import httpx
from rich.console import Console
from rich.live import Live

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import ADMISSION_KEY, ENROLMENT_KEY, PartyKind
from culture_connect_cli.accounts import Credentials, add_account
from culture_connect_cli.broker.definitions import client_names
from culture_connect_cli.demo import display
from culture_connect_cli.demo.http_clients import Mailbox, ProgrammeTeam
from culture_connect_cli.demo.participant import Participant
from culture_connect_cli.demo.sample_data import PARTNERS
from culture_connect_cli.demo.scenario import Scenario
from culture_connect_cli.stack import LocalStack
from culture_connect_cli.stack_file import record_account

_REFRESH = 0.25  # seconds


async def play(stack: LocalStack, console: Console, *, step_timeout: float) -> bool:
    """Plays the season and shows it; True when everything arrived."""
    credentials = await _onboard(stack)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        team = ProgrammeTeam(client, stack.urls, stack.tokens["programme"])
        mailbox = Mailbox(client, stack.urls["mailbox"])
        participant = Participant(client, mailbox)
        async with Scenario(credentials, team, mailbox, participant, step_timeout=step_timeout) as scenario:
            with Live(display.live(scenario), console=console, transient=True) as live:
                refreshing = asyncio.create_task(_refresh(live, scenario))
                try:
                    await scenario.play()
                finally:
                    refreshing.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await refreshing
            for line in scenario.log:
                console.print(line)
            console.print(display.received(scenario))
            console.print(display.verdict(scenario))
            return not scenario.missing


async def _refresh(live: Live, scenario: Scenario) -> None:
    while True:
        live.update(display.live(scenario))
        await asyncio.sleep(_REFRESH)


async def _onboard(stack: LocalStack) -> dict[str, Credentials]:
    """The accounts of all external clients; those of an earlier demo are used again."""
    clients: list[tuple[PartyKind, str]] = [("hr", partner.slug) for partner in PARTNERS]
    clients += [("box-office", venue.value) for venue in Venue]
    return {client_names(kind, name)[0]: await _account(stack, kind, name) for kind, name in clients}


async def _account(stack: LocalStack, kind: PartyKind, name: str) -> Credentials:
    account, _, queue = client_names(kind, name)
    known = stack.accounts.get(account)
    if known is None:
        added = await add_account(stack.broker, kind, name)
        record_account(stack.home.stack_file, added)
        return added
    broker = stack.broker
    key = ENROLMENT_KEY if kind == "hr" else ADMISSION_KEY
    return Credentials(account, known["password"], broker.host, broker.port, known["vhost"], account, key, queue)
