"""Around every request: its trace, a limit to its body, its measure, its log line, and an answer whatever happens."""

import re
import sys
import time
from collections.abc import Callable, Mapping
from http import HTTPMethod

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from culture_connect.http.problems import Problem, database_unavailable, internal_error, payload_too_large
from culture_connect.http.trace import begin_trace
from culture_connect.messaging.errors import is_database_fault

MAX_BODY = 256 * 1024  # bytes, as on the bus; reading and judging it holds the event loop for less than 50 ms
UNMATCHED = "unmatched"
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
        ProcessCollector(registry=registry)


class BodyLimits:
    """How many bytes a body may have: `usual`, or by the first regular expression that matches the whole path."""

    def __init__(self, usual: int, by_path: Mapping[str, int]) -> None:
        self._usual = usual
        self._by_path = [(re.compile(pattern), limit) for pattern, limit in by_path.items()]

    def of(self, path: str) -> int:
        """The limit for this path."""
        return next((limit for pattern, limit in self._by_path if pattern.fullmatch(path)), self._usual)


class RequestGuard:
    """The outermost layer of the application (ASGI middleware)."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics, limits: BodyLimits) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        trace = begin_trace(scope)
        status = 0

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        with structlog.contextvars.bound_contextvars(trace_id=trace):
            try:
                problem = await self._guarded(scope, receive, note_status, lambda: status != 0)
                if problem is not None:
                    await problem.response(trace)(scope, receive, note_status)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, begun: Callable[[], bool]) -> Problem | None:
        """Runs the application; returns the problem to answer with when it could not answer itself."""
        limit = self._limits.of(scope["path"])
        if _declared_length(scope) > limit:
            return payload_too_large(limit)
        try:
            await self._app(scope, _limited(receive, limit), send)
        except Exception as error:
            problem = database_unavailable() if is_database_fault(error) else internal_error()
            _log.error(problem.code, exc_info=error)
            if begun():
                raise
            return problem
        return None

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The template of the route: a path may hold a person's reference or the secret of a personal page.
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if route not in _QUIET:
            _log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    if not (declared.isascii() and declared.isdigit()):
        return 0
    return int(declared) if len(declared) < 20 else sys.maxsize  # Python refuses to read very long numbers


def _limited(receive: Receive, limit: int) -> Receive:
    """Counts what really arrives: a chunked body declares no length."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise payload_too_large(limit)
        return message

    return counted
