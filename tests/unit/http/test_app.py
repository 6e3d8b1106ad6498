from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from culture_connect.http import Caller, requires
from tests.unit.http.harness import IdleBus, app_with, client_of

router = APIRouter(prefix="/birds")


class Bird(BaseModel):
    """A bird <of> the <script>house</script>."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "<kiwi>"}]})

    name: str
    friends: list["Bird"] = []


@router.post("/{nest}", status_code=201)
async def add(nest: str, bird: Bird, caller: Annotated[Caller, Depends(requires("programme"))]) -> Bird:
    """Puts a bird & its friends into a nest."""
    return bird


@router.get("/{nest}")
async def show(nest: str) -> str:
    return nest


async def test_the_bus_runs_around_the_background_work(tokens: Path) -> None:
    bus = IdleBus()

    @asynccontextmanager
    async def sweeping() -> AsyncIterator[None]:
        bus.history.append("sweeping")
        yield
        bus.history.append("swept")

    app = app_with(tokens=tokens, bus=bus, background=[sweeping])
    assert bus.history == []
    async with app.router.lifespan_context(app):
        assert bus.history == ["started", "sweeping"]
    assert bus.history == ["started", "sweeping", "swept", "stopped"]


async def test_a_service_lives_even_when_it_is_not_ready(tokens: Path) -> None:
    bus = IdleBus()
    async with client_of(app_with(tokens=tokens, bus=bus)) as client:
        assert (await client.get("/health/ready")).json() == {"status": "ready", "problems": [], "warnings": []}

        bus.found = ["not consuming ticketing.events"]
        ready = await client.get("/health/ready")

        assert (ready.status_code, ready.json()["problems"]) == (503, ["not consuming ticketing.events"])
        assert (await client.get("/health/live")).status_code == 200


async def test_requests_are_measured_by_route_and_not_by_path(tokens: Path) -> None:
    async with client_of(app_with(router, tokens=tokens)) as client:
        await client.get("/birds/first")
        await client.get("/birds/second")
        await client.get("/nowhere")
        metrics = (await client.get("/metrics")).text

    assert 'culture_connect_http_requests_total{method="GET",route="/birds/{nest}",status="200"} 2.0' in metrics
    assert 'culture_connect_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in metrics
    assert "culture_connect_outbox_rows" in metrics
    assert "first" not in metrics


async def test_two_applications_in_one_process_measure_apart(tokens: Path) -> None:
    one, other = app_with(router, tokens=tokens), app_with(router, tokens=tokens)
    async with client_of(one) as client:
        await client.get("/birds/first")
    async with client_of(other) as client:
        assert "/birds/{nest}" not in (await client.get("/metrics")).text


async def test_the_documents_are_served(tokens: Path) -> None:
    async with client_of(app_with(router, tokens=tokens)) as client:
        openapi = (await client.get("/openapi.json")).json()
        assert set(openapi["paths"]) == {"/birds/{nest}"}
        operation = openapi["paths"]["/birds/{nest}"]["post"]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert [each["name"] for each in operation["parameters"]] == ["nest", "Idempotency-Key"]
        assert (await client.get("/openapi.json")).json() == openapi
        assert set(operation["responses"]) == {"201", "408", "413", "429", "503", "4XX"}
        assert "application/problem+json" in operation["responses"]["4XX"]["content"]
        assert (await client.get("/asyncapi.json")).json() == {"asyncapi": "3.0.0"}
