"""Traces: one id joins a request or a message, its log lines and the messages it causes.

OpenTelemetry makes the spans, in the form of W3C Trace Context (https://www.w3.org/TR/trace-context/). They are
recorded when the process has a tracer provider; without one the ids are passed on all the same. Names and attributes of
spans hold no personal data, and exceptions are not recorded, since their texts may quote it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, ProxyTracerProvider, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()
_IDS = RandomIdGenerator()
_TRACER = trace.get_tracer("culture_connect")


@contextmanager
def server_span(name: str, traceparent: str | None) -> Iterator[Span]:
    """Makes the span of a request the current one, in the trace that the request came with or in a new one."""
    span = _start(name, _context_of(traceparent), SpanKind.SERVER)
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        yield span


def message_traceparent(message_type: str, cause: str | None) -> str:
    """Returns the traceparent of a message that is made now.

    `cause` is that of the message that led to it. Without a cause the trace of the current span goes on, and without
    a span a trace begins.
    """
    if cause is not None and not _records():
        return cause
    span = _start(f"create {message_type}", _context_of(cause) if cause else None, SpanKind.PRODUCER)
    span.end()
    return _traceparent_of(span)


def _start(name: str, parent: Context | None, kind: SpanKind) -> Span:
    """Starts a span below `parent`, the current span when None."""
    span = _TRACER.start_span(name, parent, kind)
    context = span.get_span_context()
    if context.is_valid and not context.is_remote:
        return span
    # No provider, so no span of our own: the tracer gives back the caller's, or none.
    return NonRecordingSpan(_new_context(context))


def _new_context(parent: SpanContext) -> SpanContext:
    trace_id, flags = parent.trace_id, parent.trace_flags
    if not parent.is_valid:
        trace_id, flags = _IDS.generate_trace_id(), TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(trace_id, _IDS.generate_span_id(), is_remote=False, trace_flags=flags)


def _context_of(traceparent: str | None) -> Context:
    # Without `tracestate`: OpenTelemetry logs what is wrong with it, word for word.
    return _PROPAGATOR.extract({_HEADER: traceparent} if traceparent else {}, Context())


def _traceparent_of(span: Span) -> str:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
    return carrier[_HEADER]


def _records() -> bool:
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider)
