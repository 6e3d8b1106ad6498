"""HTTP clients: the programme team and the mailbox."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from culture_connect.contracts import local_day
from culture_connect_cli.demo.sample_data import Partner, evenings
from culture_connect_cli.services import NOTIFICATIONS, REGISTRATION, TICKETING


class ProgrammeTeam:
    """The programme team with its token: partners, evenings, seats, letters."""

    def __init__(self, client: httpx.AsyncClient, urls: dict[str, str], token: str) -> None:
        self._client = client
        self._registration, self._ticketing = urls[REGISTRATION], urls[TICKETING]
        self._notifications = urls[NOTIFICATIONS]
        self._headers = {"Authorization": f"Bearer {token}"}

    async def register(self, partner: Partner) -> None:
        """Registers the partner, unless an earlier demo did."""
        body = {"slug": partner.slug, "name": partner.name, "places": partner.places, "language": "nl"}
        body |= {"contact_email": f"hr@{partner.slug}.example"}
        answer = await self._client.post(f"{self._registration}/partners", json=body, headers=self._headers)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()

    async def schedule(self) -> list[dict[str, Any]]:
        """Schedules the two evenings on the first two free days in a row, from three weeks on."""
        day = local_day(datetime.now(UTC)) + timedelta(weeks=3)
        taken = await self._days()
        while {day, day + timedelta(days=1)} & taken:
            day += timedelta(days=1)
        planned = []
        for evening in evenings(day):
            answer = await self._client.post(f"{self._registration}/evenings", json=evening, headers=self._headers)
            answer.raise_for_status()
            planned.append(answer.json())
        return planned

    async def seats(self, evening_id: str) -> dict[str, Any]:
        """Capacity, issued, admitted and waiting; zeros before ticketing has received the evening."""
        answer = await self._client.get(f"{self._ticketing}/evenings/{evening_id}", headers=self._headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {"capacity": 0, "issued": 0, "admitted": 0, "waiting": 0}
        answer.raise_for_status()
        seats: dict[str, Any] = answer.json()
        return seats

    async def letters(self, evening_id: str, kind: str) -> int:
        """The number of sent letters of a kind about an evening; those in one mail are counted one by one."""
        count, cursor = 0, None
        while True:
            query = {"evening_id": evening_id, "kind": kind, "state": "sent", "limit": "200"}
            answer = await self._client.get(
                f"{self._notifications}/letters",
                params=query | ({"cursor": cursor} if cursor else {}),
                headers=self._headers,
            )
            page = answer.raise_for_status().json()
            count += len(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return count

    async def _days(self) -> set[date]:
        days: set[date] = set()
        cursor: str | None = None
        while True:
            query = {"cursor": cursor} if cursor else {}
            answer = await self._client.get(f"{self._registration}/evenings", params=query, headers=self._headers)
            answer.raise_for_status()
            page = answer.json()
            days |= {local_day(datetime.fromisoformat(evening["starts_at"])) for evening in page["items"]}
            cursor = page.get("next_cursor")
            if cursor is None:
                return days


class Mailbox:
    """The letters that arrived since the demo began."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client, self._url = client, url
        self._since = datetime.now(UTC).isoformat()

    async def letters(self) -> list[dict[str, Any]]:
        """To, subject and Message-ID of each."""
        answer = await self._client.get(f"{self._url}/api/messages", params={"since": self._since})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    async def read(self, mail_id: str) -> dict[str, Any]:
        """One letter with its parts."""
        answer = await self._client.get(f"{self._url}/api/messages/{mail_id}")
        answer.raise_for_status()
        letter: dict[str, Any] = answer.json()
        return letter
