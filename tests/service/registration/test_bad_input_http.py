"""Requests that nobody who means well would send: each gets an answer that says so, none an internal error."""

import base64
import json
from typing import Any
from uuid import uuid4

from tests.service.registration.harness import Harness, evening, moved, person

FILE = b"Personeelsnummer;Voornaam;Achternaam;E-mail\r\n1;Noor;Wit;noor@acme.example\r\n"
PARTNER = {"slug": "zeebank", "name": "Zeebank", "places": 5, "language": "nl"}


def cursor(*values: Any) -> str:
    """A cursor as the service writes it, with a sort key that it never had."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


async def test_what_cannot_stand_in_a_slug_is_refused_wherever_a_partner_is_named(harness: Harness) -> None:
    await harness.register("acme")
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"name": "Acme"}}),
        ("DELETE", "", {"params": {"name": "Acme"}}),
        ("GET", "/participants", {}),
        ("GET", "/participants/export", {}),
        ("POST", "/enrolments", {"json": person("e-1")}),
        ("POST", "/enrolments/import", {"content": FILE}),
        ("POST", "/participants/e-1/withdraw", {}),
        ("DELETE", "/participants/e-1", {}),
    ]
    for slug in ("%00", "acme%00", "acme%0A", "%FF", "%ED%A0%80", "Acme", "a" * 300):
        for method, path, body in requests:
            answer = await harness.api.request(method, f"/partners/{slug}{path}", **body)
            assert answer.status_code == 422, (method, slug, path)
            assert [error["field"] for error in answer.json()["errors"]] == ["path.slug"], (method, slug, path)


async def test_what_cannot_stand_in_an_employee_reference_is_refused(harness: Harness) -> None:
    await harness.register("acme")
    for ref in ("%00", "e-1%00", "e%091", "%E2%80%AE", "e" * 65):
        for method, path in [("POST", f"/{ref}/withdraw"), ("DELETE", f"/{ref}"), ("GET", f"?employee_ref={ref}")]:
            answer = await harness.api.request(method, f"/partners/acme/participants{path}")
            assert answer.status_code == 422, (method, ref)


async def test_a_name_that_turns_the_direction_of_writing_is_refused_by_its_field(harness: Harness) -> None:
    await harness.register("acme")
    for field in ("given_name", "family_name"):
        answer = await harness.api.post("/partners/acme/enrolments", json=person("e-1", **{field: "No\u200for"}))
        assert answer.status_code == 422
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, "control_character")]


async def test_a_cursor_with_what_no_list_holds_is_refused(harness: Harness) -> None:
    somebody = str(uuid4())
    cases: list[tuple[str, list[Any]]] = [
        ("/partners", ["\0"]),
        ("/partners", ["acme\0"]),
        ("/partners", ["\ud800"]),
        ("/partners", [10**30]),
        ("/evenings", ["0001-01-01T00:00:00+14:00", somebody]),
        ("/evenings", ["9999-12-31T23:59:59-14:00", somebody]),
        ("/evenings", ["2026-11-19T19:30:00", somebody]),
        ("/evenings", [1e20, somebody]),
    ]
    for path, sort_key in cases:
        answer = await harness.api.get(path, params={"cursor": cursor(*sort_key)})
        assert answer.status_code == 422, (path, sort_key)
        assert [error["field"] for error in answer.json()["errors"]] == ["query.cursor"], (path, sort_key)


async def test_a_contract_whose_season_cannot_be_meant_needs_both_days(harness: Harness) -> None:
    for field, day in [("starts_on", "9999-12-30"), ("ends_on", "9999-12-30"), ("ends_on", "1900-01-01")]:
        answer = await harness.api.post("/partners", json={**PARTNER, field: day})
        assert answer.status_code == 422, (field, day)
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, "out_of_range")]
    both = {"starts_on": "1900-01-01", "ends_on": "9999-12-30"}
    assert (await harness.api.post("/partners", json={**PARTNER, **both})).status_code == 201


async def test_an_evening_whose_defaults_lie_before_all_days_is_refused(harness: Harness) -> None:
    body = moved(evening(season="1999-2000"), "2000-01-02")
    scheduled = (await harness.api.post("/evenings", json=evening())).json()
    put = {name: value for name, value in body.items() if name != "venue"}
    for answer in (
        await harness.api.post("/evenings", json=body),
        await harness.api.patch(f"/evenings/{scheduled['evening_id']}", json=put),
    ):
        assert answer.status_code == 422
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
            ("release_at", "out_of_range")
        ]


async def test_a_length_beyond_all_measure_is_too_large(harness: Harness) -> None:
    answer = await harness.api.post("/partners", json=PARTNER, headers={"content-length": "9" * 5000})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
