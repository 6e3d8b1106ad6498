"""Client of a service's HTTP API. Its errors are text for people."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from culture_connect_cli.api.problem import problem_text
from culture_connect_cli.broker.connection import BrokerNotGivenError, optional_path, read_secret
from culture_connect_cli.services import REGISTRATION, url_variable
from culture_connect_cli.stack_file import read_stack, stack_file

TOKEN_FILE_VARIABLE: Final = "CULTURE_CONNECT_TOKEN_FILE"  # noqa: S105 - the name of a variable

_TIMEOUT: Final = httpx.Timeout(30, connect=5)
_LARGEST_PAGE: Final = 500


class ApiError(Exception):
    """A request failed; the text is for people and holds no secret.

    `status` is the HTTP status and `code` the stable code of the problem, None when there was no answer.
    """

    def __init__(self, text: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class Api:
    """One service's API with one token. Used as an asynchronous context manager; every call raises ApiError.

    The caller quotes names in a path. Further keyword arguments are those of httpx: `params`, `json`, `content`,
    `headers`, `timeout`.
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
            raise ApiError("the token holds a character that is not ASCII") from None

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
        """The service at the given address, else that of the environment, else that of the local stack.

        The local stack's token with `scope` is used for its own address only. Raises ApiError when the address or the
        token is missing.
        """
        address = url or environment.get(url_variable(service))
        secret = token_file or optional_path(environment.get(TOKEN_FILE_VARIABLE))
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
        """The successful answer."""
        with self._errors_translated():
            response = await self._client.request(method, path, **options)
        self._check(response)
        return response

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET."""
        return await self.request("GET", path, **options)

    async def list_all(self, path: str, *, params: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """All items of a paged list."""
        found: list[dict[str, Any]] = []
        query = {**(params or {}), "limit": str(_LARGEST_PAGE)}
        while True:
            page = (await self.get(path, params=query)).json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    async def post(self, path: str, *, key: str | None = None, **options: Any) -> httpx.Response:
        """The answer to a POST; `key` is its idempotency key (default: a new one)."""
        return await self.request("POST", path, **_with_key(options, key))

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a PATCH."""
        return await self.request("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a DELETE."""
        return await self.request("DELETE", path, **options)

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> AsyncIterator[httpx.Response]:
        """The successful answer, to be read as it arrives."""
        if method == "POST":
            options = _with_key(options, key)
        with self._errors_translated():
            async with self._client.stream(method, path, **options) as response:
                if not response.is_success:
                    await response.aread()
                    self._check(response)
                yield response

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
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
        raise ApiError(problem_text(problem, status), status, code)


def _with_key(options: dict[str, Any], key: str | None) -> dict[str, Any]:
    headers = {"Idempotency-Key": key or str(uuid4()), **(options.get("headers") or {})}
    return {**options, "headers": headers}


def _problem(response: httpx.Response) -> dict[str, Any]:
    """The problem details of an answer, empty for another answer such as a proxy's page."""
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) and "title" in problem else {}


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
        stack = read_stack(description)
        return str(stack["http"][service]), str(stack["tokens"][scope])
    except FileNotFoundError:
        raise ApiError(
            f"which {service}? Start a local stack with `culture-connect up`, or give --url and --token-file "
            f"(or {url_variable(service)} and {TOKEN_FILE_VARIABLE})"
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise ApiError(f"{description} does not say where {service} is: {type(error).__name__}") from error
