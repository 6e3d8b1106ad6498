"""Logs: one JSON object per line on standard error, with ids only.

Code does not log personal data; what is here is the last fence, for the day somebody forgets: known field names,
passwords in URLs, and the texts of foreign exceptions, which like to quote values.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PERSONAL = frozenset(
    {
        "address", "authorization", "body", "code", "content", "data", "email", "employee_ref", "family_name",
        "given_name", "headers", "holder_name", "link", "mail_from", "message", "password", "payload", "rcpt_to",
        "recipient", "recipients", "secret", "subject_line", "ticket_code", "to", "token", "url",
    }
)  # fmt: skip
DROPPED = "[dropped]"
FRAMES = 12

# Texts of these are about systems and code, never about a value that somebody sent.
_TELLABLE = (OSError, AttributeError, ImportError, NameError, NotImplementedError)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(level: str, *, own: Sequence[str] = (), stream: TextIO | None = None) -> None:
    """Routes structlog and the standard library to `stream` (standard error).

    `level` holds for the project's packages and those named in `own`, WARNING for every other library.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, first_line_of_failures],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            describe_exception,
            drop_personal_fields,
            mask_credentials,
            structlog.processors.JSONRenderer(default=_unknown),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("culture_connect", "uvicorn.error", "alembic", *own):
        logging.getLogger(name).setLevel(level)
    for name in ("aiormq", "aio_pika"):
        # They show each lost connection with two tracebacks; our own lines say once what it means.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def first_line_of_failures(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library that logs an exception repeats it in its text (asyncio from the second line on): keep the first."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Exceptions as classes and places; their texts only where those cannot quote data."""
    error = _exception_of(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = list(_chain(error))
    return event


def drop_personal_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces the values of fields that are known to be personal or secret, at any depth."""
    return {key: DROPPED if key in PERSONAL else _without_personal(value) for key, value in event.items()}


def mask_credentials(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Removes account and password from URLs in texts."""
    return {key: _CREDENTIALS.sub("", value) if isinstance(value, str) else value for key, value in event.items()}


def _without_personal(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: DROPPED if key in PERSONAL else _without_personal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_personal(inner) for inner in value]
    return value


def _exception_of(info: object) -> BaseException | None:
    if info is True:
        return sys.exc_info()[1]
    if isinstance(info, BaseException):
        return info
    if isinstance(info, tuple) and isinstance(info[1], BaseException):
        return info[1]
    return None


def _chain(error: BaseException) -> "list[dict[str, Any]]":
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        entry: dict[str, Any] = {"type": f"{type(current).__module__}.{type(current).__qualname__}"}
        if isinstance(current, _TELLABLE):
            entry["text"] = _CREDENTIALS.sub("", str(current))
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES:]
        entry["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append(entry)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def _unknown(value: object) -> str:
    # A model or a row would print its fields.
    return str(value) if type(value).__module__ in ("uuid", "datetime", "pathlib", "decimal") else type(value).__name__
