import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from culture_connect.service_main import migrations_of
from tests.support.hashes import HASH_KEY
from tests.support.http_server import served
from tests.support.probes import eventually
from tests.unit.http.harness import app_with

CANARY = "kanarie-in-a-path"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def environment(tokens: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "CULTURE_CONNECT_DATABASE_URL": "postgresql://trial:hush@127.0.0.1:1/nothing",
        "CULTURE_CONNECT_CORE_URL": "amqp://trial:hush@127.0.0.1:1/core",
        "CULTURE_CONNECT_TOKENS_FILE": str(tokens),
        "CULTURE_CONNECT_HASH_KEY": HASH_KEY,
        "CULTURE_CONNECT_COLOUR": "red",
        "CULTURE_CONNECT_HTTP_PORT": str(free_port()),
    }


def start(environment: dict[str, str], command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.http.example_service", command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = start(environment, "serve")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def service(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with serving(environment) as process:
        yield process


class Collector:
    """An OpenTelemetry collector that keeps what it was sent."""

    def __init__(self, tokens: Path) -> None:
        self.received: list[ExportTraceServiceRequest] = []
        router = APIRouter()
        router.add_api_route("/v1/traces", self._take, methods=["POST"])
        self.app = app_with(router, tokens=tokens)

    async def _take(self, request: Request) -> None:
        self.received.append(ExportTraceServiceRequest.FromString(await request.body()))


async def status_of(url: str) -> int:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(url)).status_code
        except httpx.TransportError:
            return 0


async def test_a_service_serves_until_sigterm_ends_it_gracefully(
    service: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    base = f"http://127.0.0.1:{environment['CULTURE_CONNECT_HTTP_PORT']}"

    async def liveness() -> int:
        return await status_of(f"{base}/health/live")

    await eventually(liveness, 200, "the service's liveness", timeout=30)
    assert await status_of(f"{base}/colour/{CANARY}?who={CANARY}") == 200

    service.send_signal(signal.SIGTERM)
    output, log = service.communicate(timeout=20)

    assert (service.returncode, output) == (0, "")
    lines = [json.loads(line) for line in log.splitlines()]
    assert {"/colour/{secret}"} == {line["route"] for line in lines if line["event"] == "request"}
    assert CANARY not in log


async def test_spans_go_to_the_collector_that_the_environment_names(environment: dict[str, str], tokens: Path) -> None:
    collector = Collector(tokens)
    async with served(collector.app) as port:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_SERVICE_NAME": "trial"}
        base = f"http://127.0.0.1:{environment['CULTURE_CONNECT_HTTP_PORT']}"

        async def answer() -> int:
            return await status_of(f"{base}/colour/{CANARY}?who={CANARY}")

        with serving({**environment, **traced}) as process:
            await eventually(answer, 200, "the service's answer", timeout=30)
            process.send_signal(signal.SIGTERM)
            _, log = await asyncio.to_thread(process.communicate, timeout=20)

    assert process.returncode == 0
    [spans] = [each.scope_spans for each in collector.received[0].resource_spans]
    assert [(each.scope.name, each.spans[0].name) for each in spans] == [("culture_connect", "GET /colour/{secret}")]
    assert f'"trace_id": "{spans[0].spans[0].trace_id.hex()}"' in log
    assert CANARY not in str(collector.received)


def test_a_missing_setting_ends_the_service_with_its_name(environment: dict[str, str]) -> None:
    del environment["CULTURE_CONNECT_COLOUR"]
    environment["CULTURE_CONNECT_CORE_URL"] = "hush"

    process = start(environment, "serve")
    _, log = process.communicate(timeout=20)

    assert process.returncode == 2
    assert set(log.splitlines()) == {
        "CULTURE_CONNECT_COLOUR: is not set",
        "CULTURE_CONNECT_CORE_URL: expected amqp://account:password@host:port/vhost",
    }


def test_a_tokens_file_that_cannot_be_used_ends_the_service_as_a_wrong_setting(
    environment: dict[str, str], tokens: Path
) -> None:
    tokens.write_text("not json")

    process = start(environment, "serve")
    _, log = process.communicate(timeout=20)

    assert process.returncode == 2
    assert log.startswith("CULTURE_CONNECT_TOKENS_FILE: ")


def test_a_port_that_is_taken_ends_the_service_with_a_failure(environment: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment["CULTURE_CONNECT_HTTP_PORT"] = str(other.getsockname()[1])
        process = start(environment, "serve")
        _, log = process.communicate(timeout=20)

    assert process.returncode == 3
    assert "address already in use" in log


def test_migrations_are_found_beside_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "birdhouse").mkdir()
    (tmp_path / "birdhouse" / "__init__.py").touch()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "env.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    assert migrations_of("birdhouse") == tmp_path / "migrations"


def test_a_package_without_migrations_is_an_error_that_names_it() -> None:
    with pytest.raises(FileNotFoundError, match="culture_connect"):
        migrations_of("culture_connect")
