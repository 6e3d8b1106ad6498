"""The whole system on this machine, for tests that look at it from outside."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from culture_connect_cli.accounts import Credentials, add_account
from culture_connect_cli.stack.local import LocalStack, Name
from tests.support.external_clients import Sending

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

# A server closes a connection that rested for five seconds. A request sent at that very moment is lost with it, and
# httpx rests its connections for five seconds as well: so ours are given up earlier.
_RESTS = httpx.Limits(keepalive_expiry=1.0)


def http_client() -> httpx.AsyncClient:
    """Returns a client for a test that asks now and then, for as long as the system runs."""
    return httpx.AsyncClient(timeout=30, trust_env=False, limits=_RESTS)


class System:
    """A running stack with hands for what programme team, partners and box offices do."""

    def __init__(self, stack: LocalStack, http: httpx.AsyncClient) -> None:
        self.stack = stack
        self._http = http

    async def add_partner(self, slug: str, *, places: int) -> Credentials:
        """Registers the partner and onboards its HR system."""
        await self.register(slug, places=places)
        return await add_account(self.stack.broker, "hr", slug)

    async def register(self, slug: str, *, places: int) -> None:
        """Registers the partner, whose HR system has no account yet."""
        partner = {"slug": slug, "name": f"Partner {slug}", "places": places, "language": "nl"}
        # The days of these tests may lie in the season after this one.
        partner |= {"starts_on": str(in_days(0)), "ends_on": str(in_days(400))}
        await self.post("registration", "/partners", partner)

    def box_office(self, venue: str) -> Credentials:
        """The account that the stack made for this venue."""
        account = self.stack.accounts[f"box-office.{venue}"]
        broker, name = self.stack.broker, f"box-office.{venue}"
        queue = f"{name}.tickets"
        return Credentials(
            name, account["password"], broker.host, broker.port, account["vhost"], name, "admission", queue
        )

    async def schedule(self, venue: str, day: date, *, capacity: int) -> str:
        """Plans an evening whose seats are anybody's from the beginning; returns its id."""
        planned = evening_on(day, venue=venue, capacity=capacity) | {"allotments": {}}
        evening = await self.post("registration", "/evenings", planned)
        return str(evening["evening_id"])

    async def post(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST as the programme team; raises for anything but success."""
        answer = await self._http.post(self._url(service, path), json=body, headers=self.headers("programme"))
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def get(self, service: str, path: str, *, token: str = "programme") -> Any:
        """GET with the token of this name; raises for anything but success."""
        answer = await self._http.get(self._url(service, path), headers=self.headers(token))
        assert answer.is_success, answer.text
        return answer.json()

    async def request(self, method: str, service: str, path: str, **options: Any) -> httpx.Response:
        """Any request to a service, or to the mailbox; the answer may be a refusal."""
        return await self._http.request(method, self._url(service, path), **options)

    async def ticket_letters(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Those of the letters that bring a ticket, with a welcome or alone."""
        return [letter for letter in await self.letters(to=to) if "ticket" in letter["subject"].lower()]

    async def letters(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Returns the letters in the mailbox, for everyone or for one address."""
        query = {"to": to} if to else {}
        answer = await self._http.get(self._url("mailbox", "/api/messages"), params=query)
        return list(answer.raise_for_status().json())

    async def letter(self, mail_id: str) -> dict[str, Any]:
        """One mail with its parts."""
        answer = await self._http.get(self._url("mailbox", f"/api/messages/{mail_id}"))
        return dict(answer.raise_for_status().json())

    async def rows(self, statement: str, *values: object) -> Sequence[Any]:
        """Looks behind the scenes, as the database's superuser."""
        connection = await asyncpg.connect(self.stack.database_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    @asynccontextmanager
    async def without(self, part: Name, *, killed: bool = False) -> AsyncIterator[None]:
        """The part is stopped, or killed, while the block runs, and is back after it however that ends."""
        await (self.stack.kill(part) if killed else self.stack.stop(part))
        try:
            yield
        finally:
            await self.stack.start(part)

    def headers(self, token: str) -> dict[str, str]:
        """The authorization of the token of this name."""
        return {"Authorization": f"Bearer {self.stack.tokens[token]}"}

    def _url(self, service: str, path: str) -> str:
        return f"{self.stack.urls[service]}{path}"


def enrolments(partner: str, count: int, *, only_on: date | None = None) -> list[Sending]:
    """One message for each of so many invented people; with `only_on` they take part on that day alone."""
    days = {"starts_on": str(only_on), "ends_on": str(only_on)} if only_on else {}
    return [
        Sending(
            f"{partner}-message-{number}",
            "enrolment.requested",
            {
                "employee_ref": f"{partner}-{number}",
                "given_name": f"Given{number}",
                "family_name": f"van der {partner.title()}",
                "email": f"p{number}@{partner}.example",
                "language": "en" if number % 2 else "nl",
                **days,
            },
        )
        for number in range(count)
    ]


def evening_on(day: date, *, venue: str = "paard", capacity: int = 100) -> dict[str, Any]:
    """A valid evening as the programme team hands it in."""

    def at(hour: int) -> str:
        return datetime.combine(day, time(hour), AMSTERDAM).isoformat()

    def part(kind: str, start: int, end: int) -> dict[str, Any]:
        return {"kind": kind, "title": {"nl": kind, "en": kind}, "starts_at": at(start), "ends_at": at(end)}

    first = day.year if day.month >= 9 else day.year - 1
    return {
        "season": f"{first}-{first + 1}",
        "venue": venue,
        "title": {"nl": f"Avond in {venue}", "en": f"Evening at {venue}"},
        "theme": {"nl": "Verandering", "en": "Change"},
        "starts_at": at(19),
        "ends_at": at(23),
        "location": "Den Haag",
        "capacity": capacity,
        "programme": [part("concert", 19, 21), part("in-depth", 21, 22), part("drinks", 22, 23)],
    }


def in_days(number: int) -> date:
    """The local day so many days from now."""
    return datetime.now(AMSTERDAM).date() + timedelta(days=number)
