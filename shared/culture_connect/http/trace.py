"""The trace of a request: one id that joins the answer, the log lines and the messages it causes.

W3C Trace Context, https://www.w3.org/TR/trace-context/.
"""

import re
import secrets

from starlette.datastructures import Headers
from starlette.types import Scope

_KEY = "culture_connect.traceparent"
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def begin_trace(scope: Scope) -> str:
    """Continues the caller's trace or begins one; returns the trace id (32 hex digits)."""
    given = Headers(scope=scope).get("traceparent", "")
    # The caller's span is not ours: the trace goes on with a span of this request.
    trace = given[3:35] if _TRACEPARENT.fullmatch(given) else secrets.token_hex(16)
    scope[_KEY] = f"00-{trace}-{secrets.token_hex(8)}-01"
    return trace


def traceparent(scope: Scope) -> str | None:
    """The trace context of this request, None outside of one."""
    value = scope.get(_KEY)
    return value if isinstance(value, str) else None


def trace_id(scope: Scope) -> str | None:
    """The trace id of this request, None outside of one."""
    value = traceparent(scope)
    return value[3:35] if value else None
