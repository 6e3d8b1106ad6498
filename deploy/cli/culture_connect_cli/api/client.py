"""A client of a service's HTTP API: at which address, with which token, and what went wrong in plain words."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from culture_connect.messaging.topology import REGISTRATION, SERVICES
from culture_connect_cli.broker.connection import BrokerNotGivenError, read_secret, stack_file

URL_VARIABLES: Final = {service: f"CULTURE_CONNECT_{service.upper()}_URL" for service in SERVICES}
TOKEN_FILE_VARIABLE: Final = "CULTURE_CONNECT_TOKEN_FILE"  # noqa: S105 - the name of a variable

_TIMEOUT: Final = httpx.Timeout(30, connect=5)
_LARGEST_PAGE: Final = 500


class ApiError(Exception):
    """The API could not do what was asked; the text is for people and holds no secret.

    `status` is the HTTP status and `code` the stable code of the problem, None when there was no such answer.
    """

    def __init__(self, text: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Api:
    """One service's API with one token. Used as an asynchronous context manager; every call raises ApiError.

    Names in a path are quoted by whoever makes it. Further keyword arguments are those of httpx: `params`, `json`,
    `content`, `headers`, `timeout`.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            self._client = httpx.AsyncClient(
                base_url=self.url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
                transport=transport,
                # A proxy from the environment must not see the token.
                trust_env=False,
            )
        except httpx.InvalidURL:
            raise ApiError(f"{self.url} is not an address such as http://127.0.0.1:8001") from None
        except UnicodeEncodeError:
            raise ApiError("the token holds a character that no token has") from None

    @classmethod
    def find(
        cls,
        service: str = REGISTRATION,
        *,
        url: str | None = None,
        token_file: Path | None = None,
        scope: str = "programme",
        environment: Mapping[str, str] = os.environ,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> Self:
        """The service at the address given, else of the environment, else of the local stack that runs here.

        The local stack's token of that scope is used with its own address only. Raises ApiError when it is not clear
        which API is meant, or when there is no token for it.
        """
        address = url or environment.get(URL_VARIABLES[service])
        secret = token_file or _path(environment.get(TOKEN_FILE_VARIABLE))
        token = _token(secret) if secret else None
        if address and token is None:
            raise ApiError(
                f"the address of {service} is given, but no token: add --token-file (or {TOKEN_FILE_VARIABLE})"
            )
        if not address or token is None:
            local_address, local_token = _local(service, scope, stack_file(environment))
            address, token = address or local_address, token or local_token
        return cls(address, token, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer of success; every other is an ApiError."""
        with self._in_plain_words():
            response = await self._client.request(method, path, **options)
        self._check(response)
        return response

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Reads something."""
        return await self.request("GET", path, **options)

    async def items(self, path: str, *, params: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """All items of a list, however many pages it has."""
        found: list[dict[str, Any]] = []
        query = {**(params or {}), "limit": str(_LARGEST_PAGE)}
        while True:
            page = (await self.get(path, params=query)).json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    async def post(self, path: str, *, key: str | None = None, **options: Any) -> httpx.Response:
        """Hands something over. `key` is its idempotency key; without one, this call is taken for a new request."""
        return await self.request("POST", path, **_with_key(options, key))

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        """Changes something."""
        return await self.request("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        """Removes something."""
        return await self.request("DELETE", path, **options)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> AsyncIterator[httpx.Response]:
        """The answer of success, to be read as it comes."""
        if method == "POST":
            options = _with_key(options, key)
        with self._in_plain_words():
            async with self._client.stream(method, path, **options) as response:
                if not response.is_success:
                    await response.aread()
                    self._check(response)
                yield response

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except httpx.UnsupportedProtocol:
            raise ApiError(f"{self.url} is not an address such as http://127.0.0.1:8001") from None
        except httpx.ConnectError as error:
            raise ApiError(f"nothing answers at {self.url}") from error
        except httpx.TimeoutException as error:
            raise ApiError(f"{self.url} does not answer in time") from error
        except httpx.TransportError as error:
            raise ApiError(f"the connection with {self.url} broke: {type(error).__name__}") from error

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        problem = _problem(response)
        status, code = response.status_code, problem.get("code")
        if status == HTTPStatus.UNAUTHORIZED:
            raise ApiError(f"{self.url} does not accept this token", status, code)
        if status == HTTPStatus.FORBIDDEN:
            raise ApiError(f"this token may not do that at {self.url}", status, code)
        raise ApiError(_words(problem, status), status, code)


def _with_key(options: dict[str, Any], key: str | None) -> dict[str, Any]:
    headers = {"Idempotency-Key": key or str(uuid4()), **(options.get("headers") or {})}
    return {**options, "headers": headers}


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem details of an answer, nothing when it has none (a proxy's page)."""
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) and "title" in problem else {}


def _words(problem: Mapping[str, Any], status: int) -> str:
    if not problem:
        return f"the answer was HTTP {status}, without a word about why"
    head = ": ".join(str(problem[name]) for name in ("title", "detail") if problem.get(name))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and "trace_id" in problem:
        head += f" (trace {problem['trace_id']})"
    return "\n".join([head, *(f"  {_field_error(error)}" for error in problem.get("errors", ()))])


def _field_error(error: Mapping[str, Any]) -> str:
    return f"{error['field']}: {error['message']}" if error.get("field") else str(error["message"])


def _token(path: Path) -> str:
    try:
        token = read_secret(path)
    except BrokerNotGivenError as error:
        raise ApiError(str(error)) from error
    if not token:
        raise ApiError(f"no token in {path}")
    return token


def _local(service: str, scope: str, description: Path) -> tuple[str, str]:
    try:
        stack = json.loads(description.read_text(encoding="utf-8"))
        return str(stack["http"][service]), str(stack["tokens"][scope])
    except FileNotFoundError:
        raise ApiError(
            f"which {service}? Start a local stack with `culture-connect up`, or give --url and --token-file "
            f"(or {URL_VARIABLES[service]} and {TOKEN_FILE_VARIABLE})"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise ApiError(f"{description} does not say where {service} is: {type(error).__name__}") from error


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None
