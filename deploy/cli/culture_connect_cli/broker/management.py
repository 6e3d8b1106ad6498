"""A small client of the broker's management HTTP API (https://www.rabbitmq.com/docs/management#http-api)."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

import httpx


class BrokerError(Exception):
    """The broker could not do what was asked; the text is for people and holds no secret."""


class BrokerUnreachableError(BrokerError):
    """Nothing answers at the address of the management API."""


class LoginRefusedError(BrokerError):
    """The broker does not know this account, or it may not do this."""


class RequestRefusedError(BrokerError):
    """The broker understood and refused; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


_TRIES: Final = 3
_PAUSE: Final = 0.5  # seconds between two of them


class Management:
    """The management API as one administrator. Used as an asynchronous context manager.

    `url` is the console's address, such as `http://127.0.0.1:15672`. Every call raises a `BrokerError`.
    """

    def __init__(
        self, url: str, username: str, password: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.username = username
        self._client = httpx.AsyncClient(
            base_url=f"{self.url}/api/",
            auth=httpx.BasicAuth(username, password),
            timeout=httpx.Timeout(30, connect=5),
            transport=transport,
            # A proxy from the environment must not see an administrator's password.
            trust_env=False,
        )

    async def __aenter__(self) -> Management:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, *path: str) -> Any:
        """The decoded answer; names in `path` are quoted here.

        An error of the API's own passes in general, while it collects figures: it is asked three times.
        """
        for _ in range(_TRIES - 1):
            try:
                return (await self._request("GET", path)).json()
            except RequestRefusedError as error:
                if error.status < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise
            await asyncio.sleep(_PAUSE)
        return (await self._request("GET", path)).json()

    async def find(self, *path: str) -> Any | None:
        """As `get`, but None when there is no such thing."""
        try:
            return await self.get(*path)
        except RequestRefusedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def put(self, *path: str, body: Any = None) -> None:
        """Makes or replaces something."""
        await self._request("PUT", path, {} if body is None else body)

    async def post(self, *path: str, body: Any) -> Any:
        """Hands something over; returns the decoded answer, None when there is none."""
        answer = await self._request("POST", path, body)
        return answer.json() if answer.content else None

    async def delete(self, *path: str) -> bool:
        """Removes something; False when it was not there."""
        try:
            await self._request("DELETE", path)
        except RequestRefusedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    async def _request(self, method: str, path: tuple[str, ...], body: Any = None) -> httpx.Response:
        address = "/".join(quote(part, safe="") for part in path)
        try:
            response = await self._client.request(method, address, json=body)
        except httpx.TransportError as error:
            raise BrokerUnreachableError(f"no broker answers at {self.url}: {type(error).__name__}") from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise LoginRefusedError(f"{self.url} refuses the account {self.username}: {_reason(response)}")
        if response.is_error:
            raise RequestRefusedError(response.status_code, f"{method} {address}: {_reason(response)}")
        return response


def _reason(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(answer.get("reason") or answer.get("error") or f"HTTP {response.status_code}")
