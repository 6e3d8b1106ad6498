"""Client of the broker's management HTTP API (https://www.rabbitmq.com/docs/management#http-api)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_fixed


class BrokerError(Exception):
    """The broker could not do what was asked; the text is for people and holds no secret."""


class BrokerUnreachableError(BrokerError):
    """Nothing answers at the address of the management API."""


class LoginRefusedError(BrokerError):
    """The broker does not accept this account, or the account may not do this."""


class RequestRefusedError(BrokerError):
    """The broker refused the request; `status` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


_ATTEMPTS: Final = 3
_PAUSE: Final = 0.5  # seconds between two attempts


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

        A server error (the API answers so while it collects statistics) is tried again, three attempts in all.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_server_error),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_fixed(_PAUSE),
            reraise=True,
        )
        return (await retrying(self._request, "GET", path)).json()

    async def find(self, *path: str) -> Any | None:
        """As `get`, but None when the resource does not exist."""
        try:
            return await self.get(*path)
        except RequestRefusedError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def put(self, *path: str, body: Any = None) -> None:
        """Creates or replaces a resource."""
        await self._request("PUT", path, {} if body is None else body)

    async def post(self, *path: str, body: Any) -> Any:
        """The decoded answer to a POST, None when it is empty."""
        answer = await self._request("POST", path, body)
        return answer.json() if answer.content else None

    async def delete(self, *path: str) -> bool:
        """Deletes a resource; False when it does not exist."""
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


def _is_server_error(error: BaseException) -> bool:
    return isinstance(error, RequestRefusedError) and error.status >= httpx.codes.INTERNAL_SERVER_ERROR


def _reason(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return f"HTTP {response.status_code}"
    return str(answer.get("reason") or answer.get("error") or f"HTTP {response.status_code}")
