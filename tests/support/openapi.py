"""An API does what its OpenAPI document says, whatever is asked of it: schemathesis asks a replica that really runs.

Two requests of three reach something that is there: without that it would hear of nothing but 404.
"""

import asyncio
import itertools
import socket
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
import uvicorn
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

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


@dataclass(frozen=True)
class Existing:
    """Something that is there: the parameters of the path that lead to it, and a body and a query that it takes.

    `any_version` leaves `If-Match` away, which is generated else and hardly ever right.
    """

    path: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    any_version: bool = False


Wanted = Callable[[], Existing]


@dataclass
class Findings:
    """The outcome of all requests: operations of the document, answers by status, and what was wrong."""

    operations: set[str]
    answers: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    faults: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> set[str]:
        """The operations that were answered with a success at least once."""
        return {label for label in self.operations if any(status < 300 for status in self.answers[label])}


def ask_everything(api: httpx.Client, real: Mapping[str, Wanted]) -> Findings:
    """Asks every operation of the API's document, with the client's token; `real` says by operation what is there."""
    document = api.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document, config=_config(str(api.base_url), api.headers["authorization"]))
    found = Findings({each.ok().label for each in schema.get_all_operations() if isinstance(each, Ok)})
    with _reaching(real):
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                found.faults.append(repr(event))
            if isinstance(event, events.ScenarioFinished):
                for case_id, interaction in event.recorder.interactions.items():
                    label = event.recorder.cases[case_id].value.operation.label
                    if interaction.response is not None:
                        found.answers[label][interaction.response.status_code] += 1
                found.faults += _faults(event.recorder)
    return found


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
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


@contextmanager
def desk_of(app: FastAPI, token: str) -> Iterator[httpx.Client]:
    """The programme desk, with this token, at a replica on a port of this machine that is ready."""
    with (
        listening(app) as url,
        httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=20) as client,
    ):
        asyncio.run(eventually(lambda: client.get("/health/ready").status_code, 200, "the replica's readiness"))
        yield client


@contextmanager
def _reaching(real: Mapping[str, Wanted]) -> Iterator[None]:
    """Two requests of three go to what is there."""
    turns = itertools.count()

    def before_call(_: schemathesis.HookContext, case: AnyCase, __: dict[str, Any]) -> None:
        if case.operation.label in real and next(turns) % 3:
            existing = real[case.operation.label]()
            case.path_parameters.update(existing.path)
            if existing.query is not None:
                case.query = dict(existing.query)
            if existing.body is not None:
                case.body = dict(existing.body)
            if existing.any_version:
                case.headers.pop("If-Match", None)

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


def _config(url: str, authorization: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "base-url": url,
            "headers": {"Authorization": authorization},
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
