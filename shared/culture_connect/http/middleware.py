"""The outermost middleware: trace, metrics, log line, and an answer in every case."""

import time
from http import HTTPMethod, HTTPStatus

import structlog
from opentelemetry.trace import Span
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from culture_connect.http.problems import Problem, database_unavailable, internal_error
from culture_connect.http.request_bodies import ClientGoneError
from culture_connect.http.request_filter import RequestFilter
from culture_connect.http.trace import describe, request_span, trace_id
from culture_connect.messaging.errors import is_database_fault

UNMATCHED = "unmatched"
PIECE = 64 * 1024  # bytes of an answer that are handed over at a time
_LIMITED = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_QUIET = ("/health/live", "/health/ready", "/metrics")
_log = structlog.get_logger(__name__)


class RequestMetrics:
    """Requests by route, in the registry of their application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "culture_connect_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "culture_connect_http_request_seconds", "Time to the whole answer", ["method", "route"], registry=registry
        )
        self.limited = Counter(
            "culture_connect_http_limited", "Requests and connections beyond a limit", ["reason"], registry=registry
        )
        ProcessCollector(registry=registry)


class RequestMiddleware:
    """The outermost layer of the application (ASGI middleware)."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics, front: RequestFilter) -> None:
        self._app = app
        self._metrics = metrics
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        answer = _Answer(self._front.private(scope, send))
        with request_span(scope) as span, structlog.contextvars.bound_contextvars(trace_id=trace_id(scope)):
            try:
                problem = await self._guarded(scope, receive, answer)
                if problem is not None:
                    await problem.response(trace_id(scope))(scope, receive, answer.send)
            finally:
                self._record(scope, span, answer.status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, answer: "_Answer") -> Problem | None:
        """Runs the application; returns the problem to answer with when it could not answer itself."""
        try:
            async with self._front.passed(scope, receive) as ready:
                await self._app(scope, ready, answer.send)
        except ClientGoneError:
            return None
        except Problem as refusal:  # of the front: the application answers its own
            if refusal.status_code in _LIMITED:
                self._metrics.limited.labels(refusal.code).inc()
            return refusal
        except Exception as error:
            problem = database_unavailable() if is_database_fault(error) else internal_error()
            _log.error(problem.code, exc_info=error)
            if answer.status:
                raise
            return problem
        return None

    def _record(self, scope: Scope, span: Span, status: int, seconds: float) -> None:
        # The template of the route: a path may hold a person's reference or the secret of a personal page.
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
        describe(span, method=method, route=route, status=status)
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if route not in _QUIET:
            _log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


class _Answer:
    """The response as it is sent; `status` is 0 until it begins.

    A large body goes in pieces: the request is under way, with its place among those of its client, until the client
    has taken nearly all of it.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
        body = message.get("body", b"")
        if len(body) <= PIECE:
            await self._send(message)
            return
        for start in range(0, len(body), PIECE):
            more = start + PIECE < len(body) or message.get("more_body", False)
            await self._send({**message, "body": body[start : start + PIECE], "more_body": more})
