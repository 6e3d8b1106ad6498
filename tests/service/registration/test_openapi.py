"""The API does what its OpenAPI document says, whatever is asked of it: schemathesis asks a replica that really runs.

Two requests of three reach something that is there: without that it would hear of nothing but 404.
"""

import asyncio
import itertools
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.house import evening, moved, person
from tests.support.probes import eventually

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
EXAMPLES = 8  # for each operation in the phase that makes requests up; the others take what they need

AnyCase = schemathesis.Case[Any]
Wanted = Callable[[], dict[str, str]]


@pytest.fixture
def api(settings: RegistrationSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """The programme desk at a replica on a port of this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # what schemathesis sends goes straight there
    app = build_app(settings)
    with (
        _listening(app) as url,
        httpx.Client(base_url=url, headers={"authorization": "Bearer desk"}, trust_env=False, timeout=20) as client,
    ):
        asyncio.run(eventually(lambda: client.get("/health/ready").status_code, 200, "the replica's readiness"))
        yield client


@pytest.mark.timeout(180)
def test_every_answer_is_one_that_the_document_promises(api: httpx.Client) -> None:
    real = _furnish(api)
    operations, answers, faults = _ask_everything(api, real)
    assert not faults, "\n\n".join(faults)
    assert real.keys() < operations
    assert {label for label in operations if any(status < 300 for status in answers[label])} == operations


def _ask_everything(api: httpx.Client, real: dict[str, Wanted]) -> tuple[set[str], dict[str, Counter[int]], list[str]]:
    """Asks; returns the operations of the document, how often each answered with which status, and what was wrong."""
    schema = schemathesis.openapi.from_dict(api.get("/openapi.json").json(), config=_config(str(api.base_url)))
    operations = {found.ok().label for found in schema.get_all_operations() if isinstance(found, Ok)}
    answers: dict[str, Counter[int]] = defaultdict(Counter)
    faults: list[str] = []
    with _reaching(real):
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                faults.append(repr(event))
            if isinstance(event, events.ScenarioFinished):
                for case_id, interaction in event.recorder.interactions.items():
                    label = event.recorder.cases[case_id].value.operation.label
                    if interaction.response is not None:
                        answers[label][interaction.response.status_code] += 1
                faults += _faults(event.recorder)
    return operations, answers, faults


@contextmanager
def _reaching(real: dict[str, Wanted]) -> Iterator[None]:
    """Two requests of three go to what is there."""
    turns = itertools.count()

    def before_call(_: schemathesis.HookContext, case: AnyCase, __: dict[str, Any]) -> None:
        if case.operation.label in real and next(turns) % 3:
            case.path_parameters.update(real[case.operation.label]())

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)


def _faults(recorder: ScenarioRecorder) -> list[str]:
    failed = [(name, each) for name, checks in recorder.checks.items() for each in checks if each.failure_info]
    return [
        f"{check.name}: {check.failure_info.failure.message}\n{check.failure_info.code_sample}"
        for _, check in failed
        if check.failure_info is not None
    ]


def _config(url: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "base-url": url,
            "headers": {"Authorization": "Bearer desk"},
            "seed": 1,
            "request-timeout": 20,
            "continue-on-failure": True,
            "generation": {
                "deterministic": True,
                "max-examples": EXAMPLES,
                "no-shrink": True,
                "with-security-parameters": False,
                "database": "none",
            },
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "phases": {"stateful": {"enabled": False}},
        }
    )


def _furnish(api: httpx.Client) -> dict[str, Wanted]:
    """Partners, people and evenings; returns by operation what in its path is there."""
    season = {"starts_on": "2020-09-01", "ends_on": "2100-08-31"}
    for slug in ("duin", *(f"leaving-{number}" for number in range(5))):
        _made(api, "/partners", {"slug": slug, "name": slug.title(), "places": 900, "language": "nl", **season})
    for number in range(60):
        _made(api, "/partners/duin/enrolments", person(f"e-{number}"))
    erased = api.delete("/partners/duin/participants/e-0").json()["participant_id"]
    planned, off = (
        _made(api, "/evenings", moved(evening(), day))["evening_id"] for day in ("2027-05-07", "2027-05-21")
    )

    duin = {"slug": "duin"}
    withdrawn, forgotten = itertools.cycle(range(1, 30)), itertools.cycle(range(30, 60))
    leaving = itertools.cycle(range(5))
    people = "/partners/{slug}/participants/{employee_ref}"
    return {
        "GET /partners/{slug}": lambda: duin,
        "PATCH /partners/{slug}": lambda: duin,
        "DELETE /partners/{slug}": lambda: {"slug": f"leaving-{next(leaving)}"},
        "POST /partners/{slug}/enrolments": lambda: duin,
        "POST /partners/{slug}/enrolments/import": lambda: duin,
        "GET /partners/{slug}/participants": lambda: duin,
        "GET /partners/{slug}/participants/export": lambda: duin,
        f"POST {people}/withdraw": lambda: {**duin, "employee_ref": f"e-{next(withdrawn)}"},
        f"DELETE {people}": lambda: {**duin, "employee_ref": f"e-{next(forgotten)}"},
        "GET /erasures/{participant_id}": lambda: {"participant_id": erased},
        "GET /evenings/{evening_id}": lambda: {"evening_id": planned},
        "PATCH /evenings/{evening_id}": lambda: {"evening_id": planned},
        "POST /evenings/{evening_id}/cancel": lambda: {"evening_id": off},
        "PATCH /venues/{slug}": lambda: {"slug": "paard"},
    }


def _made(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@contextmanager
def _listening(app: FastAPI) -> Iterator[str]:
    """The application behind a port on the loopback address, on an event loop of its own."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False, server_header=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            asyncio.run(eventually(lambda: server.started, True, "the server's start", timeout=20))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
