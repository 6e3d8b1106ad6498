"""The application of a service: its routers between what all services have in common."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from prometheus_client import Gauge

from culture_connect.http import api_documents, health, problems
from culture_connect.http.head_requests import HeadMiddleware
from culture_connect.http.limits import HttpLimits
from culture_connect.http.middleware import RequestMetrics, RequestMiddleware
from culture_connect.http.pages.personal_pages import personal_prefixes
from culture_connect.http.ports import WELL_KNOWN
from culture_connect.http.request_bodies import BodyLimits
from culture_connect.http.request_filter import RequestFilter
from culture_connect.http.tokens import Tokens
from culture_connect.messaging import Database, Telemetry
from culture_connect.messaging.keyed_hash import KeyedHash

MAX_BODY = 256 * 1024  # bytes, as on the bus; reading and judging it holds the event loop for less than 50 ms
Background = Callable[[], AbstractAsyncContextManager[None]]

# FastAPI makes the exporter that OTEL_EXPORTER_OTLP_ENDPOINT asks for. Its own spans and logs are off, since they hold
# paths, queries and exceptions: secrets of personal pages among them. `instrumentation` makes the spans of requests.
_TELEMETRY: TelemetryConfig = {"auto_configure": True, "exclude": lambda _: True, "metrics": False, "logs": False}


class BusSide(Protocol):
    """The part of `culture_connect.messaging.Service` that the HTTP side needs."""

    @property
    def database(self) -> Database:
        """The service's schema."""
        ...

    @property
    def telemetry(self) -> Telemetry:
        """Telemetry of the service; its registry has the HTTP metrics as well."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Consumers and relay, while the block runs."""
        ...

    async def problems(self) -> list[str]:
        """Returns the problems that keep the replica from its work."""
        ...

    def warnings(self) -> list[str]:
        """Returns the problems that keep the replica from a part of its work."""
        ...

    @property
    def hashes(self) -> KeyedHash:
        """Hashes under the service's key."""
        ...

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI document."""
        ...


def create_app(
    *,
    name: str,
    title: str,
    service: BusSide,
    tokens: Tokens,
    routers: Sequence[APIRouter],
    description: str,
    background: Sequence[Background] = (),
    max_body: int = MAX_BODY,
    large_bodies: Mapping[str, int] | None = None,
    limits: HttpLimits | None = None,
) -> FastAPI:
    """Makes the application; nothing is connected before its lifespan begins.

    The lifespan runs the bus side of `service` and within it the `background` managers, which end first. Bodies of
    more than `max_body` bytes are refused; `large_bodies` has other limits for paths, by regular expression;
    `limits` are those on callers, who have no rates when None. Routes find `service`, `tokens` and `database` in
    `request.app.state`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(service.running())
            for manager in background:
                await stack.enter_async_context(manager())
            yield

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        openapi_url=None,  # `documents` has them
        redoc_url=None,
        # A redirect would use the Host header, and send the secret of a personal page without its privacy headers.
        redirect_slashes=False,
        separate_input_output_schemas=False,
        responses=problems.RESPONSES,
        telemetry=_TELEMETRY,
    )
    # For `culture-connect doctor`: without LISTEN an event leaves only when the relay looks.
    Gauge(
        "culture_connect_database_listens",
        "1 when the relay is woken by LISTEN, 0 when a pooler stands before the database",
        registry=service.telemetry.registry,
    ).set(service.database.listens)
    app.state.service = service
    app.state.tokens = tokens
    app.state.database = service.database
    app.state.name = name
    app.state.public = (*personal_prefixes(routers), WELL_KNOWN)
    app.state.metrics = RequestMetrics(service.telemetry.registry)
    problems.install(app)
    sizes = BodyLimits(max_body, large_bodies or {})
    front = RequestFilter(limits or HttpLimits(), tokens, sizes, routers)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestMiddleware, metrics=app.state.metrics, front=front)
    app.include_router(health.router)
    app.include_router(api_documents.router)
    for router in routers:
        app.include_router(router)
    health.equip(app)
    api_documents.equip(app)
    return app
