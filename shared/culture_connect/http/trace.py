"""The span of a request, whose trace id is in the answer, in the log lines and in the messages it causes."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from opentelemetry.trace import Span, StatusCode, format_trace_id
from starlette.datastructures import Headers
from starlette.types import Scope

from culture_connect.tracing import server_span

_KEY = "culture_connect.span"


@contextmanager
def request_span(scope: Scope) -> Iterator[Span]:
    """Continues the caller's trace or begins one, with a span of this request."""
    with server_span("request", Headers(scope=scope).get("traceparent")) as span:
        scope[_KEY] = span
        yield span


def trace_id(scope: Scope) -> str | None:
    """Returns the trace id of this request (32 hex digits), None outside of one."""
    span = scope.get(_KEY)
    return format_trace_id(span.get_span_context().trace_id) if isinstance(span, Span) else None


def describe(span: Span, *, method: str, route: str, status: int) -> None:
    """Names the span after the route's template, with the attributes of OpenTelemetry's semantic conventions."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
