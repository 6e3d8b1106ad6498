"""A participant who reads letters and uses the personal page, without a browser."""

import re
from typing import Any

import httpx

from culture_connect_cli.demo.http_clients import Mailbox

_LINK = re.compile(r"https?://\S+/my/[\w-]+")
_TICKET = re.compile(r'name="ticket_id" value="([^"]+)"')


class Participant:
    """Opens letters and the personal pages that they link to."""

    def __init__(self, client: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self._client, self._mailbox = client, mailbox

    async def give_up_ticket(self, address: str, evening: dict[str, Any]) -> bool:
        """Gives up the ticket in this person's last letter about the evening; False when that is not possible."""
        titles = tuple(evening["title"].values())
        letters = [each for each in await self._mailbox.letters() if address in each["to"]]
        for letter in sorted(letters, key=lambda each: str(each["received_at"]), reverse=True):
            text = (await self._mailbox.read(letter["id"]))["text"] or ""
            # A letter may cover several evenings, with the link of each below its title.
            start = max(text.find(title) for title in titles)
            link = _LINK.search(text, start) if start >= 0 else None
            if link is not None:
                return await self._decline(link[0])
        return False

    async def _decline(self, link: str) -> bool:
        page = (await self._client.get(link)).raise_for_status().text
        ticket = _TICKET.search(page)
        if ticket is None:
            return False
        answer = await self._client.post(f"{link}/decline", data={"ticket_id": ticket[1]})
        return answer.status_code == httpx.codes.SEE_OTHER
