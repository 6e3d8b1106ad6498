"""What a service says of itself over HTTP: that it lives, and whether it can do its work."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx

from culture_connect_cli.doctor.check import CannotLook, Finding

START: Final = "start it, or correct its address; its log says why it stopped"


class Service:
    """A service at its address. Every call raises CannotLook when there is no answer.

    `metrics_port` is where it tells its figures, None when that is its address as well.
    """

    def __init__(self, name: str, url: str, client: httpx.AsyncClient, *, metrics_port: int | None = None) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._client = client
        self._metrics_port = metrics_port

    @property
    def address(self) -> str:
        """Where it is, without a login that may stand in the address."""
        try:
            return str(httpx.URL(self._url).copy_with(userinfo=b""))
        except httpx.InvalidURL:
            return "an address that is none"

    async def get(self, path: str) -> httpx.Response:
        """The answer, whatever its status."""
        return await self._get(f"{self._url}{path}")

    async def metrics(self) -> httpx.Response:
        """The answer of the address where the service tells its figures."""
        address = f"{self._url}/metrics"
        if self._metrics_port is not None:
            with contextlib.suppress(httpx.InvalidURL):  # which is told when it is asked
                address = str(httpx.URL(address).copy_with(port=self._metrics_port))
        return await self._get(address)

    async def _get(self, address: str) -> httpx.Response:
        try:
            return await self._client.get(address)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise CannotLook(f"{self.address} is not an address such as http://127.0.0.1:8001") from None
        except httpx.TransportError as error:
            raise CannotLook(f"{self.name} does not answer at {self.address} ({type(error).__name__})") from error


async def lives(service: Service) -> Sequence[Finding]:
    """Whether there is an answer at all, and whether it comes from one of our services."""
    answer = await service.get("/health/live")
    if answer.status_code == HTTPStatus.OK and _body(answer).get("status") == "alive":
        return []
    what = f"{service.name}: what answers at {service.address} does not say that it lives (HTTP {answer.status_code})"
    return [Finding(what, "see whether the address is that of the service; if it is, start the service again")]


async def is_ready(service: Service) -> Sequence[Finding]:
    """What keeps the service from doing its work, or a part of it, in its own words."""
    answer = await service.get("/health/ready")
    body = _body(answer)
    cure = "it goes on by itself once that is mended; if it is, its log says more"
    warnings = [Finding(f"{service.name}: {warning}", cure) for warning in _listed(body, "warnings")]
    if answer.status_code == HTTPStatus.OK and body.get("status") == "ready":
        return warnings
    problems = _listed(body, "problems")
    if not problems:
        what = f"{service.name} is not ready and does not say why (HTTP {answer.status_code})"
        return [Finding(what, "look into its log")]
    return [*(Finding(f"{service.name} is not ready: {problem}", cure) for problem in problems), *warnings]


def _listed(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
