"""Requests to whichever replica answers, with the same key until one has."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

from tests.storm.deployment import Deployment

_TIMEOUT: Final = 5.0  # seconds for an answer
_PAUSE: Final = 0.5  # seconds before the next try
_INSISTING: Final = 240.0  # seconds after which a request counts as never answered


class Desk:
    """An HTTP client for people; `answers` counts by status, `unanswered` names the requests that were given up."""

    def __init__(self, deployment: Deployment, client: httpx.AsyncClient, dice: random.Random) -> None:
        self.answers: Counter[int] = Counter()
        self.unanswered: list[str] = []
        self._deployment = deployment
        self._client = client
        self._dice = dice

    async def post(self, service: str, path: str, body: Mapping[str, Any] | None = None, *, as_: str) -> httpx.Response:
        """POST as whoever has the token `as_`; raises TimeoutError when nobody ever answers."""
        return await self.request("POST", service, path, body, as_=as_)

    async def request(
        self, method: str, service: str, path: str, body: Mapping[str, Any] | None = None, *, as_: str
    ) -> httpx.Response:
        """The first answer of a replica that is able to answer; a refusal is one."""
        headers = {"Authorization": f"Bearer {as_}", "Idempotency-Key": str(uuid4())}
        try:
            async with asyncio.timeout(_INSISTING):
                while True:
                    replica = self._dice.choice(self._deployment.of(service))
                    answer = await self._try(method, f"{replica.url}{path}", body, headers)
                    if answer is not None:
                        self.answers[answer.status_code] += 1
                        return answer
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            self.unanswered.append(f"{method} {service}{path}")
            raise

    async def _try(
        self, method: str, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> httpx.Response | None:
        try:
            answer = await self._client.request(method, url, json=body, headers=dict(headers), timeout=_TIMEOUT)
        except httpx.TransportError:
            return None
        # A request that is still in hand elsewhere, and one that is to come again later, say so.
        return None if answer.is_server_error or "retry-after" in answer.headers else answer
