"""The proxy of deploy/proxy lets through what outsiders need and nothing else, and logs no secret."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from culture_connect.http.pages.personal_pages import personal_prefixes
from culture_connect.http.ports import WELL_KNOWN, is_below
from notifications.http import unsubscribe
from registration.http import enrolments, imports, participants
from registration.http.imports import MAX_FILE
from tests.deploy.files import ROOT
from tests.support.nginx import EXAMPLE, Proxy, running_nginx
from ticketing.http.routes import ROUTERS as TICKETING

AVOND = "avond.cultureconnect.example"
REGISTRATION = "registration.cultureconnect.example"
TICKETS = "tickets.cultureconnect.example"
HSTS = "max-age=31536000"
EVENING = "6a2f4c1e-3b7d-4e58-9c0a-1d2e3f405162"

PUBLIC = [
    (AVOND, "/my/a-secret", "ticketing_public"),
    (AVOND, "/my/a-secret/decline", "ticketing_public"),
    (AVOND, "/unsubscribe/a-secret", "notifications_public"),
    (AVOND, "/.well-known/jwks.json", "ticketing_public"),
    (REGISTRATION, "/partners/acme/enrolments", "registration"),
    (REGISTRATION, "/partners/acme/enrolments/import", "registration"),
    (REGISTRATION, "/partners/acme/participants", "registration"),
    (REGISTRATION, "/partners/acme/participants/E-1/withdraw", "registration"),
    (TICKETS, "/admissions", "ticketing"),
    (TICKETS, f"/evenings/{EVENING}/tickets", "ticketing"),
    (TICKETS, f"/evenings/{EVENING}/bundle", "ticketing"),
    (TICKETS, "/.well-known/jwks.json", "ticketing"),
]
INSIDE = [
    "/metrics",
    "/health/ready",
    "/docs",
    "/openapi.json",
    "/partners",
    "/partners/acme",
    "/erasures/1",
    "/evenings",
    f"/evenings/{EVENING}",
    f"/evenings/{EVENING}/replay",
    f"/evenings/{EVENING}/decisions",
    "/tickets/1/decline",
    "/letters",
    "/bounces",
    "/my/../metrics",
    "/my/%2e%2e/metrics",
    "//metrics",
]
ROUTES: dict[str, list[APIRouter]] = {
    "registration": [enrolments.router, imports.router, participants.router],
    "ticketing": list(TICKETING),
    "ticketing_public": list(TICKETING),
    "notifications_public": [unsubscribe.router],
}


class Echo(BaseHTTPRequestHandler):
    """Answers with the name of its service, the path and the headers that it got."""

    protocol_version = "HTTP/1.1"
    service = ""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"service": self.service, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx before three services that tell what they were asked."""
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Echo,), {"service": name})) for name in ROUTES}
    for server in servers.values():
        Thread(target=server.serve_forever, daemon=True).start()
    ports = {name: int(server.server_address[1]) for name, server in servers.items()}
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    with running_nginx(folder, ports) as proxy:
        yield proxy
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    context = ssl.create_default_context(cafile=proxy.ca_file)
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=20) as client:
        yield client


async def ask(
    client: httpx.AsyncClient, proxy: Proxy, host: str, path: str, method: str = "GET", **options: object
) -> httpx.Response:
    """Asks the proxy as if the name led to it."""
    headers = {"Host": host, **(options.pop("headers", None) or {})}  # type: ignore[dict-item]
    request = client.build_request(method, f"https://127.0.0.1:{proxy.https}", headers=headers, **options)  # type: ignore[arg-type]
    request.url = request.url.copy_with(raw_path=path.encode())
    request.extensions["sni_hostname"] = host
    return await client.send(request)


@pytest.mark.parametrize(("host", "path", "service"), PUBLIC)
async def test_what_outsiders_need_reaches_its_service_with_hsts(
    client: httpx.AsyncClient, proxy: Proxy, host: str, path: str, service: str
) -> None:
    answer = await ask(client, proxy, host, path)
    assert (answer.status_code, answer.json()["service"], answer.json()["path"]) == (200, service, path)
    assert answer.headers["strict-transport-security"] == HSTS
    assert answer.headers["server"] == "nginx"


@pytest.mark.parametrize(("path", "service"), [(path, service) for _, path, service in PUBLIC])
def test_what_is_let_through_is_a_route_of_the_service(path: str, service: str) -> None:
    routes = [route for router in ROUTES[service] for route in router.routes if isinstance(route, APIRoute)]
    assert any(route.path_regex.fullmatch(path) for route in routes)


@pytest.mark.parametrize("host", [AVOND, REGISTRATION, TICKETS])
@pytest.mark.parametrize("path", INSIDE)
async def test_what_is_for_the_inside_reaches_no_service(
    client: httpx.AsyncClient, proxy: Proxy, host: str, path: str
) -> None:
    answer = await ask(client, proxy, host, path)
    assert answer.status_code == 404
    assert answer.headers["strict-transport-security"] == HSTS


async def test_what_a_client_says_of_itself_is_replaced(client: httpx.AsyncClient, proxy: Proxy) -> None:
    lies = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.9"}
    answer = await ask(client, proxy, AVOND, "/my/a-secret", headers=lies)
    seen = answer.json()["headers"]
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert "Forwarded" not in seen
    assert seen["Host"] == AVOND


async def test_a_body_is_as_large_as_its_service_takes(client: httpx.AsyncClient, proxy: Proxy) -> None:
    mib = bytes(1024 * 1024)
    cases = [
        (REGISTRATION, "/partners/acme/enrolments/import", mib * (MAX_FILE // len(mib)), 200),
        (REGISTRATION, "/partners/acme/enrolments/import", mib * (MAX_FILE // len(mib)) + b"x", 413),
        (REGISTRATION, "/partners/acme/enrolments", mib, 200),
        (REGISTRATION, "/partners/acme/enrolments", mib + b"x", 413),
        (AVOND, "/my/a-secret/decline", bytes(8 * 1024), 200),
        (AVOND, "/my/a-secret/decline", bytes(8 * 1024 + 1), 413),
    ]
    for host, path, body, status in cases:
        assert (await ask(client, proxy, host, path, "POST", content=body)).status_code == status, path


async def test_a_page_asked_for_in_clear_is_sent_on_to_https(client: httpx.AsyncClient, proxy: Proxy) -> None:
    answer = await client.get(f"http://127.0.0.1:{proxy.http}/my/a-secret", headers={"Host": AVOND})
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{AVOND}/my/a-secret")
    for host in (REGISTRATION, TICKETS, "elsewhere.example"):
        answer = await client.get(f"http://127.0.0.1:{proxy.http}/", headers={"Host": host})
        assert answer.status_code == 404


def test_another_name_sees_no_certificate(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=proxy.ca_file)
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=10) as plain,
        pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
    ):
        context.wrap_socket(plain, server_hostname="elsewhere.example")


async def test_no_secret_of_a_personal_link_is_logged(client: httpx.AsyncClient, proxy: Proxy) -> None:
    secret = f"canary-{uuid4().hex}"
    for path in (f"/my/{secret}", f"/my/{secret}/decline?{secret}", f"/unsubscribe/{secret}", f"/%6dy/{secret}"):
        await ask(client, proxy, AVOND, path, headers={"Referer": f"https://{AVOND}/my/{secret}"})
    await client.get(f"http://127.0.0.1:{proxy.http}/my/{secret}", headers={"Host": AVOND})
    answers = await asyncio.gather(*(ask(client, proxy, AVOND, f"/my/{secret}") for _ in range(80)))
    assert {answer.status_code for answer in answers} == {200, 429}, "the limit is to be met, which is logged too"
    assert "/my/-" in proxy.logged
    assert secret not in proxy.logged


@pytest.mark.parametrize(("path", "upstream"), [(path, upstream) for _, path, upstream in PUBLIC])
def test_a_public_port_shows_what_the_proxy_asks_of_it(path: str, upstream: str) -> None:
    if upstream.endswith("_public"):
        assert is_below(path, (*personal_prefixes(ROUTES[upstream]), WELL_KNOWN))


def test_the_proxy_passes_on_to_the_ports_of_the_compose_file() -> None:
    upstreams = dict(re.findall(r"upstream (\S+) +{ server 127\.0\.0\.1:(\d+);", EXAMPLE.read_text(encoding="utf-8")))
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    published = dict(re.findall(r"127\.0\.0\.1:\$\{CULTURE_CONNECT_(\w+)_PORT:-(\d+)\}:80[08]0", text))
    assert upstreams.items() <= {name.lower(): port for name, port in published.items()}.items()
