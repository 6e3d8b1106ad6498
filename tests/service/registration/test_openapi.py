"""The API does what its OpenAPI document says, whatever is asked of it."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.harness import evening, moved, person
from tests.support.openapi import Existing, Wanted, ask_everything, desk_of


@pytest.fixture
def api(settings: RegistrationSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Somebody with every right."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # what schemathesis sends goes straight there
    with desk_of(build_app(settings), "everything") as client:
        yield client


@pytest.mark.timeout(180)
def test_every_answer_is_one_that_the_document_promises(api: httpx.Client) -> None:
    real = _furnish(api)
    found = ask_everything(api, real)
    assert not found.faults, "\n\n".join(found.faults)
    assert real.keys() < found.operations
    assert found.succeeded == found.operations


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
        "GET /partners/{slug}": lambda: Existing(duin),
        "PATCH /partners/{slug}": lambda: Existing(duin),
        "DELETE /partners/{slug}": lambda: _leaving(next(leaving)),
        "POST /partners/{slug}/enrolments": lambda: Existing(duin),
        "POST /partners/{slug}/enrolments/import": lambda: Existing(duin),
        "GET /partners/{slug}/participants": lambda: Existing(duin),
        "GET /partners/{slug}/participants/export": lambda: Existing(duin),
        f"POST {people}/withdraw": lambda: Existing({**duin, "employee_ref": f"e-{next(withdrawn)}"}),
        f"GET {people}/export": lambda: Existing({**duin, "employee_ref": "e-0"}),
        f"DELETE {people}": lambda: Existing({**duin, "employee_ref": f"e-{next(forgotten)}"}),
        "GET /erasures/{participant_id}": lambda: Existing({"participant_id": erased}),
        "GET /evenings/{evening_id}": lambda: Existing({"evening_id": planned}),
        "PATCH /evenings/{evening_id}": lambda: Existing({"evening_id": planned}),
        "POST /evenings/{evening_id}/cancel": lambda: Existing({"evening_id": off}),
        "PATCH /venues/{slug}": lambda: Existing({"slug": "paard"}),
    }


def _leaving(number: int) -> Existing:
    slug = f"leaving-{number}"
    return Existing({"slug": slug}, query={"name": slug.title()})


def _made(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
