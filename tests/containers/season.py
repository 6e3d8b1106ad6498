"""The demo's season, played on an installation from outside: over its published ports, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx

from culture_connect.contracts import Venue
from culture_connect_cli.accounts import Credentials
from culture_connect_cli.demo.http_clients import Mailbox, ProgrammeTeam
from culture_connect_cli.demo.participant import Participant
from culture_connect_cli.demo.sample_data import PARTNERS
from culture_connect_cli.demo.scenario import Scenario
from tests.containers.installation import Installation

PATIENCE: Final = 90.0  # seconds for a step to arrive everywhere
_PAGE: Final = 1_000


class Mailpit(Mailbox):
    """The letters in Mailpit that were not there when this was made."""

    def __init__(self, client: httpx.AsyncClient, url: str, earlier: frozenset[str] = frozenset()) -> None:
        super().__init__(client, url)
        self._earlier = earlier

    async def ids(self) -> frozenset[str]:
        """The id of every mail there is."""
        return frozenset(mail["ID"] for mail in await self._mails())

    async def letters(self) -> list[dict[str, Any]]:
        """As the demo's own mailbox tells them."""
        return [
            {
                "id": mail["ID"],
                "to": [each["Address"] for each in mail["To"]],
                "subject": mail["Subject"],
                "message_id": mail["MessageID"],
                "received_at": mail["Created"],
            }
            for mail in await self._mails()
            if mail["ID"] not in self._earlier
        ]

    async def read(self, mail_id: str) -> dict[str, Any]:
        """One letter; `text` is its plain text."""
        answer = await self._client.get(f"{self._url}/api/v1/message/{mail_id}")
        return {"id": mail_id, "text": answer.raise_for_status().json()["Text"]}

    async def _mails(self) -> list[dict[str, Any]]:
        answer = await self._client.get(f"{self._url}/api/v1/messages", params={"limit": _PAGE})
        mails: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return mails


def onboard(installation: Installation) -> dict[str, Credentials]:
    """An account for every partner and box office of the demo."""
    clients = [("hr", partner.slug) for partner in PARTNERS] + [("box-office", venue.value) for venue in Venue]
    accounts = [installation.account(kind, name) for kind, name in clients]
    return {account.username: account for account in accounts}


@asynccontextmanager
async def scenario_on(installation: Installation, accounts: Mapping[str, Credentials]) -> AsyncIterator[Scenario]:
    """The demo's clients, connected; `play()` plays the season."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=30, trust_env=False))
        url = installation.url("mailbox")
        mailbox = Mailpit(client, url, await Mailpit(client, url).ids())
        team = ProgrammeTeam(client, installation.urls, installation.token())
        yield await stack.enter_async_context(
            Scenario(accounts, team, mailbox, Participant(client, mailbox), step_timeout=PATIENCE)
        )


async def state_of(installation: Installation) -> dict[str, Any]:
    """How many people take part, and the seats of each evening."""
    headers = {"Authorization": f"Bearer {installation.token()}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        evenings = (await client.get(f"{installation.url('registration')}/evenings")).raise_for_status().json()
        partners = (await client.get(f"{installation.url('registration')}/partners")).raise_for_status().json()
        seats = [
            (await client.get(f"{installation.url('ticketing')}/evenings/{evening['evening_id']}")).json()
            for evening in evenings["items"]
        ]
    return {"participants": sum(partner["active"] for partner in partners["items"]), "seats": seats}
