"""A running service over HTTP, and checks of its health."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from culture_connect_cli.doctor.check import CheckError, Finding

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""

START: Final = "start it, or correct its address; its log says why it stopped"


class Service:
    """A service at its address. Every call raises CheckError when there is no answer.

    `metrics_port` is the port of its metrics, None when they are at its address.
    """

    def __init__(self, name: str, url: str, client: httpx.AsyncClient, *, metrics_port: int | None = None) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._client = client
        self._metrics_port = metrics_port

    @property
    def address(self) -> str:
        """The address without a login that may be part of it."""
        try:
            return str(httpx.URL(self._url).copy_with(userinfo=b""))
        except httpx.InvalidURL:
            return "an invalid address"

    async def get(self, path: str) -> httpx.Response:
        """The answer of any status."""
        return await self._get(f"{self._url}{path}")

    async def samples(self) -> Mapping[str, Sequence[Sample]]:
        """All samples of the service's Prometheus metrics by name. Raises CheckError when they cannot be read."""
        answer = await self._get(self._metrics_address)
        if answer.status_code != HTTPStatus.OK:
            raise CheckError(f"{self.name} does not show its metrics (HTTP {answer.status_code})")
        samples: dict[str, list[Sample]] = {}
        try:
            for family in text_string_to_metric_families(answer.text):
                for sample in family.samples:
                    samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        except (ValueError, KeyError):
            raise CheckError(f"the metrics of {self.name} cannot be read") from None
        return samples

    async def highest(self, metric: str) -> float:
        """The highest value of a metric. Raises CheckError when it is missing."""
        found = (await self.samples()).get(metric)
        if not found:
            raise CheckError(
                f"{self.name} does not have the metric {metric}; its version may differ from this command's"
            )
        return float(max(value for _, value in found))

    @property
    def _metrics_address(self) -> str:
        address = f"{self._url}/metrics"
        if self._metrics_port is not None:
            with contextlib.suppress(httpx.InvalidURL):  # reported by the request
                address = str(httpx.URL(address).copy_with(port=self._metrics_port))
        return address

    async def _get(self, address: str) -> httpx.Response:
        try:
            return await self._client.get(address)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise CheckError(f"{self.address} is not an address such as http://127.0.0.1:8001") from None
        except httpx.TransportError as error:
            raise CheckError(f"{self.name} does not answer at {self.address} ({type(error).__name__})") from error


async def check_liveness(service: Service) -> Sequence[Finding]:
    """A service that does not answer, or an answer of something else."""
    answer = await service.get("/health/live")
    if answer.status_code == HTTPStatus.OK and _body(answer).get("status") == "alive":
        return []
    what = f"{service.name}: no service of ours answers at {service.address} (HTTP {answer.status_code})"
    return [Finding(what, "see whether the address is that of the service; if it is, start the service again")]


async def check_readiness(service: Service) -> Sequence[Finding]:
    """Problems and warnings that the service reports."""
    answer = await service.get("/health/ready")
    body = _body(answer)
    remedy = "it goes on by itself once that is repaired; otherwise its log says more"
    warnings = [Finding(f"{service.name}: {warning}", remedy) for warning in _listed(body, "warnings")]
    if answer.status_code == HTTPStatus.OK and body.get("status") == "ready":
        return warnings
    problems = _listed(body, "problems")
    if not problems:
        what = f"{service.name} is not ready and does not say why (HTTP {answer.status_code})"
        return [Finding(what, "look into its log")]
    return [*(Finding(f"{service.name} is not ready: {problem}", remedy) for problem in problems), *warnings]


def _listed(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
