"""HEAD on every address that has GET: what a probe, a link checker or a cache asks."""

import httpx
import pytest

from tests.service.front.conftest import Build
from tests.service.front.routes import SERVICES, routes_of
from tests.service.front.test_paths import client_at

# What two answers to the same question may differ in.
_OF_THE_MOMENT = ("date", "traceparent")
_FIGURES = "/metrics"  # counts the question before it too


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("token", [None, "everything"])
async def test_head_is_answered_as_get_is_and_has_no_body(build: Build, service: str, token: str | None) -> None:
    app = build(service)
    async with client_at(app, token) as client:
        paths = sorted({route.path for route in routes_of(app) if route.method == "GET"})
        assert {"/health/live", "/health/ready", _FIGURES, "/openapi.json"} <= set(paths)
        assert ("/.well-known/jwks.json" in paths) == (service == "ticketing")
        for path in paths:
            got, head = await client.get(path), await client.head(path)
            assert head.content == b"", path
            assert head.status_code == got.status_code != 405, path
            if path != _FIGURES:
                assert _lasting(head) == _lasting(got), path


async def test_a_refused_method_is_told_of_head_where_there_is_get(build: Build) -> None:
    async with client_at(build("ticketing")) as client:
        refused = await client.put("/health/live")
        changes_only = await client.head("/scans")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert changes_only.status_code in (404, 405)
    assert "GET" not in changes_only.headers.get("allow", "")


def _lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _OF_THE_MOMENT}
