"""Ports of their own: for what the public sees, and for what watches over a service."""

import signal
import socket
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from pydantic import ValidationError
from starlette.responses import PlainTextResponse

from culture_connect.http.pages.personal_pages import personal_prefixes
from culture_connect.http.ports import by_port, choices, listeners
from culture_connect.http_settings import HttpSettings
from culture_connect_cli.stack.ports import choose_ports
from notifications.http import unsubscribe
from tests.support.probes import eventually
from tests.unit.http.test_service_main import environment, start
from ticketing.http.routes import ROUTERS

__all__ = ["environment"]

MAIN, PUBLIC, METRICS = 8000, 8080, 9000
ALL = HttpSettings(http_port=MAIN, public_port=PUBLIC, metrics_port=METRICS)


async def status(settings: HttpSettings, port: int, path: str) -> int:
    """Returns the status on this port of an application that has every path; /my and /.well-known are public."""
    app = by_port(PlainTextResponse("here"), choices(settings, ("/my", "/.well-known")))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://127.0.0.1:{port}")
    return (await client.get(path)).status_code


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/docs", "/evenings", "/my/secret", "/.well-known/jwks"])
async def test_without_ports_of_their_own_everything_is_on_the_main_port(path: str) -> None:
    assert await status(HttpSettings(http_port=MAIN), MAIN, path) == 200


@pytest.mark.parametrize(
    ("path", "shown_on"),
    [
        ("/my/secret", {MAIN, PUBLIC}),
        ("/my", {MAIN, PUBLIC}),
        ("/.well-known/jwks.json", {MAIN, PUBLIC}),
        ("/mysterious", {MAIN}),
        ("/evenings", {MAIN}),
        ("/docs", {MAIN}),
        ("/", {MAIN}),
        ("/health/ready", {MAIN, METRICS}),
        ("/metrics", {METRICS}),
        ("/metrics/", {METRICS}),
        ("//metrics", {MAIN}),
        ("/my%2F..%2Fmetrics", {MAIN, PUBLIC}),  # no route has two dots for a part, so this is no page anywhere
    ],
)
async def test_each_port_shows_what_belongs_there(path: str, shown_on: set[int]) -> None:
    assert {port for port in (MAIN, PUBLIC, METRICS) if await status(ALL, port, path) == 200} == shown_on


async def test_what_a_port_does_not_show_is_answered_as_a_problem() -> None:
    app = by_port(PlainTextResponse("here"), choices(ALL, ()))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://127.0.0.1:{PUBLIC}")
    answer = await client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_the_public_pages_are_those_of_participants_and_addressees() -> None:
    assert set(personal_prefixes(ROUTERS)) == {"/my"}
    assert set(personal_prefixes([unsubscribe.router])) == {"/unsubscribe"}


@pytest.mark.parametrize(("public", "metrics"), [(MAIN, None), (None, MAIN), (METRICS, METRICS)])
def test_two_purposes_of_one_port_are_a_wrong_setting(public: int | None, metrics: int | None) -> None:
    with pytest.raises(ValidationError, match="HTTP_PORT, PUBLIC_PORT and METRICS_PORT: expected different ports"):
        HttpSettings(http_port=MAIN, public_port=public, metrics_port=metrics)


def test_each_port_may_have_an_address_of_its_own() -> None:
    free = choose_ports(["http", "metrics"])
    opened = listeners(
        HttpSettings(http_port=free["http"], metrics_port=free["metrics"], metrics_host="::1"),
    )
    assert opened is not None
    assert [each.getsockname()[:2] for each in opened] == [("127.0.0.1", free["http"]), ("::1", free["metrics"])]
    for each in opened:
        each.close()


@pytest.fixture
def ports(environment: dict[str, str]) -> dict[str, int]:
    """Three free ports, of which the service is told."""
    chosen = choose_ports(["HTTP_PORT", "PUBLIC_PORT", "METRICS_PORT"])
    environment |= {f"CULTURE_CONNECT_{name}": str(port) for name, port in chosen.items()}
    return chosen


@pytest.fixture
def service(environment: dict[str, str], ports: dict[str, int]) -> Iterator[subprocess.Popen[str]]:
    process = start(environment, "serve")
    yield process
    if process.poll() is None:
        process.kill()
        process.communicate()


async def test_a_service_listens_on_all_of_its_ports_until_sigterm_ends_it_gracefully(
    service: subprocess.Popen[str], ports: dict[str, int]
) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def answer(name: str, path: str) -> int:
            try:
                return (await client.get(f"http://127.0.0.1:{ports[name]}{path}")).status_code
            except httpx.TransportError:
                return 0

        await eventually(lambda: answer("METRICS_PORT", "/health/live"), 200, "the service's liveness", timeout=30)
        assert await answer("METRICS_PORT", "/metrics") == 200
        assert await answer("METRICS_PORT", "/colour/red") == 404
        assert await answer("HTTP_PORT", "/colour/red") == 200
        assert await answer("HTTP_PORT", "/metrics") == 404
        assert await answer("PUBLIC_PORT", "/.well-known/trial") == 200
        assert await answer("PUBLIC_PORT", "/colour/red") == 404
        assert await answer("PUBLIC_PORT", "/health/live") == 404

    service.send_signal(signal.SIGTERM)
    output, _ = service.communicate(timeout=20)
    assert (service.returncode, output) == (0, "")


def test_a_port_of_metrics_that_is_taken_ends_the_service_with_a_failure(
    environment: dict[str, str], ports: dict[str, int]
) -> None:
    with socket.create_server(("127.0.0.1", ports["METRICS_PORT"])):
        process = start(environment, "serve")
        _, log = process.communicate(timeout=20)

    assert process.returncode == 3
    assert "Address already in use" in log
