"""HEAD on every address that has GET: what a probe, a link checker or a cache asks."""

import httpx
import pytest

from tests.service.front.conftest import Build
from tests.service.front.routes import SERVICES, routes_of
from tests.service.front.test_paths import client_at
from tests.unit.http.harness import token_of

# What two answers to the same question may differ in.
_OF_THE_MOMENT = ("date", "traceparent")
_FIGURES = "/metrics"  # counts the question before it too


@pytest.mark.parametrize("service", SERVICES)
async def test_head_is_answered_as_get_is_and_has_no_body(build: Build, service: str) -> None:
    app = build(service)
    paths = sorted({route.path for route in routes_of(app) if route.method == "GET"})
    assert {"/health/live", "/health/ready", _FIGURES, "/openapi.json"} <= set(paths)
    assert ("/.well-known/jwks.json" in paths) == (service == "ticketing")
    async with client_at(app) as client:
        for headers in ({}, {"Authorization": f"Bearer {token_of('everything')}"}):
            for path in paths:
                got, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
                assert head.content == b"", path
                assert head.status_code == got.status_code != 405, path
                if path != _FIGURES:
                    assert _lasting(head) == _lasting(got), path


def _lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _OF_THE_MOMENT}
