"""Problem details (RFC 9457) of a refused request, as text for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


def problem_text(problem: Mapping[str, Any], status: int) -> str:
    """Title, detail and the errors by field; the trace id of a server error, for whoever reads the log."""
    if not problem:
        return f"HTTP {status} without a reason"
    head = ": ".join(str(problem[name]) for name in ("title", "detail") if problem.get(name))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and "trace_id" in problem:
        head += f" (trace {problem['trace_id']})"
    return "\n".join([head, *map(_field_error, problem.get("errors") or ())])


def _field_error(error: Mapping[str, Any]) -> str:
    return "  " + ": ".join(str(error[name]) for name in ("field", "message") if error.get(name))
