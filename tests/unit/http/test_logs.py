import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from culture_connect import logs

CANARY = "Kanarie van Vogelenzang"


class Lines:
    """Log lines, parsed."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def only(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        parsed: dict[str, Any] = json.loads(line)
        return parsed


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    captured = Lines()
    logs.configure("INFO", own=["ticketing"], stream=captured.stream)
    yield captured
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_is_one_json_object_with_time_level_and_logger(lines: Lines) -> None:
    structlog.get_logger("ticketing.store").info("seat_given", evening_id="e1", seats=3)

    line = lines.only()
    assert (line["event"], line["level"], line["logger"]) == ("seat_given", "info", "ticketing.store")
    assert (line["evening_id"], line["seats"]) == ("e1", 3)
    assert line["timestamp"].endswith("Z")


def test_the_standard_library_logs_the_same_way(lines: Lines) -> None:
    logging.getLogger("ticketing").info("listening on %s", 8000)

    assert lines.only()["event"] == "listening on 8000"


def test_other_libraries_speak_from_warning_on(lines: Lines) -> None:
    logging.getLogger("sqlalchemy.engine").info("SELECT 1")
    logging.getLogger("httpx").info("HTTP Request")
    logging.getLogger("some.library").warning("connection lost")

    assert lines.only()["event"] == "connection lost"


def test_known_personal_fields_are_dropped_at_any_depth(lines: Lines) -> None:
    structlog.get_logger("ticketing").info(
        "oops", email=CANARY, holder={"given_name": CANARY, "rows": [{"employee_ref": CANARY}]}
    )

    assert CANARY not in lines.text
    assert lines.only()["email"] == "[dropped]"


def test_the_text_of_a_foreign_exception_is_not_logged_but_its_class_and_place_are(lines: Lines) -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise ValueError(f"no seat for {CANARY}") from cause
    except ValueError:
        structlog.get_logger("ticketing").exception("failed")

    assert CANARY not in lines.text
    first, second = lines.only()["exception"]
    assert (first["type"], second["type"]) == ("builtins.ValueError", "builtins.KeyError")
    assert "test_logs.py" in first["where"][0]


def test_the_text_of_a_system_error_is_logged(lines: Lines) -> None:
    structlog.get_logger("ticketing").error("failed", exc_info=ConnectionRefusedError(111, "Connection refused"))

    assert "Connection refused" in lines.only()["exception"][0]["text"]


def test_a_failed_task_does_not_repeat_its_exception_in_the_text(lines: Lines) -> None:
    error = ValueError(CANARY)
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved\nfuture: <Task exception=%r>", error, exc_info=error
    )

    assert lines.only()["event"] == "Task exception was never retrieved"
    assert CANARY not in lines.text


def test_urls_lose_account_and_password(lines: Lines) -> None:
    logging.getLogger("some.library").warning("cannot reach %s", "amqp://ticketing:hush@127.0.0.1:5672/core")
    assert lines.only()["event"] == "cannot reach amqp://127.0.0.1:5672/core"


def test_the_trace_of_the_request_is_on_every_line(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(trace_id="abc"):
        logging.getLogger("ticketing").warning("slow")

    assert lines.only()["trace_id"] == "abc"


def test_an_object_is_logged_as_its_class_only(lines: Lines) -> None:
    class Person:
        def __repr__(self) -> str:
            return CANARY

    structlog.get_logger("ticketing").info("found", person=Person())

    assert lines.only()["person"] == "Person"
