"""The routes of ticketing."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import KeySet

from culture_connect.contracts import Venue
from tests.service.ticketing.harness import NEXT_YEAR, Harness, scanned
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    enrolled,
    evening,
    evening_changed,
    partner,
    partner_changed,
    withdrawn,
)

NIGHT = evening(NEXT_YEAR, capacity=2)
DANCE = evening(NEXT_YEAR, capacity=2, title="Dans", venue=Venue.NDT)


@pytest.fixture(autouse=True)
async def _tonight(harness: Harness) -> None:
    await harness.apply(
        partner(), partner("zeebank"), enrolled("ans"), enrolled("bo", partner="zeebank"), enrolled("cas")
    )
    await harness.apply(NIGHT)
    await harness.apply(DANCE)
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="ans")


def scan_body(code: str, scan_id: str = "s1") -> dict[str, Any]:
    return scanned(code, NIGHT, scan_id).model_dump(mode="json")


async def test_the_programme_team_sees_the_seats_of_an_evening_per_partner(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer("desk"))
    assert answer.status_code == 200
    assert answer.json() == {
        "evening_id": str(NIGHT.evening_id),
        "venue": "paard",
        "season": "2026-2027",
        "starts_at": NIGHT.starts_at.isoformat().replace("+00:00", "Z"),
        "release_at": NIGHT.release_at.isoformat().replace("+00:00", "Z"),
        "closes_at": NIGHT.closes_at.isoformat().replace("+00:00", "Z"),
        "admission": "automatic",
        "cancelled": False,
        "capacity": 2,
        "common_pool": 0,
        "issued": 1,
        "admitted": 1,
        "waiting": 1,
        "partners": {
            "acme": {"allotment": 1, "issued": 0, "admitted": 1, "waiting": 1},
            "zeebank": {"allotment": 1, "issued": 1, "admitted": 0, "waiting": 0},
        },
    }


@pytest.mark.parametrize("path", ["", "/tickets"])
async def test_an_evening_nobody_published_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(f"/evenings/{uuid4()}{path}", headers=bearer("desk"))).status_code == 404


async def test_only_the_programme_team_sees_the_seats(api: httpx.AsyncClient) -> None:
    assert (await api.get(f"/evenings/{NIGHT.evening_id}")).status_code == 401
    for other in ("paard", "acme"):
        assert (await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer(other))).status_code == 403


async def test_a_box_office_gets_all_tickets_of_its_evening_that_count(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.apply(evening_changed(NIGHT, 2, allotments={"acme": 2}))
    await harness.apply(withdrawn("bo", 2, NEXT_YEAR.date()))
    answer = (await api.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))).json()
    assert answer["evening_id"] == str(NIGHT.evening_id)
    tickets = {ticket["holder_name"]: ticket for ticket in answer["tickets"]}
    assert {name: (ticket["state"], ticket["version"]) for name, ticket in tickets.items()} == {
        "Ans de Vries": ("admitted", 2),
        "Cas de Vries": ("issued", 1),
    }
    assert tickets["Cas de Vries"]["code"] == await harness.code("cas", NIGHT)
    assert not {"participant_id", "email", "employee_ref"} & set(tickets["Cas de Vries"])


@pytest.mark.parametrize("renamed", [False, True])
async def test_a_snapshot_agrees_with_the_feed(api: httpx.AsyncClient, harness: Harness, renamed: bool) -> None:
    if renamed:
        await harness.clear_outbox()
        await harness.apply(partner_changed("zeebank", 2, name="Zeebank NV"))
    [issued] = [
        each.data
        for each in await harness.published("paard")
        if each.type == "ticket.issued" and each.data["holder_name"] == "Bo de Vries"
    ]
    answer = (await api.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))).json()
    [listed] = [ticket for ticket in answer["tickets"] if ticket["holder_name"] == "Bo de Vries"]
    assert issued.items() <= listed.items()


async def test_the_programme_team_may_see_the_list_and_other_box_offices_may_not(api: httpx.AsyncClient) -> None:
    path = f"/evenings/{NIGHT.evening_id}/tickets"
    assert (await api.get(path, headers=bearer("desk"))).status_code == 200
    for other in ("ndt", "acme"):
        assert (await api.get(path, headers=bearer(other))).status_code == 403
    assert (await api.get(path)).status_code == 401


async def test_a_partner_does_not_learn_which_evenings_there_are(api: httpx.AsyncClient) -> None:
    for evening_id in (NIGHT.evening_id, uuid4()):
        assert (await api.get(f"/evenings/{evening_id}/tickets", headers=bearer("acme"))).status_code == 403


async def test_an_unchanged_list_is_not_sent_again(api: httpx.AsyncClient, harness: Harness) -> None:
    path = f"/evenings/{NIGHT.evening_id}/tickets"
    tag = (await api.get(path, headers=bearer("paard"))).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await api.get(path, headers=bearer("paard") | {"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="bo")
    changed = await api.get(path, headers=bearer("paard") | {"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_scanner_over_http_learns_whom_it_let_in(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.clear_outbox()
    harness.now = NIGHT.starts_at
    answer = await api.post("/admissions", json=scan_body(await harness.code("bo", NIGHT)), headers=bearer("paard"))
    assert answer.status_code == 200
    [published, _] = await harness.published()
    assert answer.json() == {
        "outcome": "admitted",
        "ticket_id": published.data["ticket_id"],
        "holder_name": "Bo de Vries",
        "partner_name": "Zeebank",
    }
    assert [each.type for each in await harness.published()] == ["ticket.admitted"] * 2


async def test_a_scanner_over_http_learns_why_not(api: httpx.AsyncClient, harness: Harness) -> None:
    harness.now = NIGHT.starts_at
    answer = await api.post("/admissions", json=scan_body(await harness.code("ans", NIGHT)), headers=bearer("paard"))
    assert answer.json() == {
        "outcome": "refused",
        "reason": "already-admitted",
        "first_admitted_at": NIGHT.starts_at.isoformat().replace("+00:00", "Z"),
    }
    unknown = await api.post("/admissions", json=scan_body("nonsense", "s2"), headers=bearer("paard"))
    assert unknown.json() == {"outcome": "refused", "reason": "unknown-code"}


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "key-1"}])
async def test_a_scan_repeated_over_http_gets_its_first_answer(
    api: httpx.AsyncClient, harness: Harness, headers: dict[str, str]
) -> None:
    body = scan_body(await harness.code("bo", NIGHT))
    first = await api.post("/admissions", json=body, headers=bearer("paard") | headers)
    again = await api.post("/admissions", json=body, headers=bearer("paard") | headers)
    assert again.json() == first.json()
    assert await harness.counts(NIGHT) == (0, 2, 1)


async def test_only_the_venues_own_scanners_admit(api: httpx.AsyncClient, harness: Harness) -> None:
    harness.now = NIGHT.starts_at
    body = scan_body(await harness.code("bo", NIGHT))
    elsewhere = await api.post("/admissions", json=body, headers=bearer("ndt"))
    assert elsewhere.json() == {"outcome": "refused", "reason": "wrong-evening"}
    for other in ("desk", "acme"):
        assert (await api.post("/admissions", json=body, headers=bearer(other))).status_code == 403
    assert (await api.post("/admissions", json=body)).status_code == 401
    assert await harness.counts(NIGHT) == (1, 1, 1)


async def test_a_scan_without_a_code_is_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.post("/admissions", json={"scan_id": "s1"}, headers=bearer("paard"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_public_keys_are_public(api: httpx.AsyncClient) -> None:
    answer = await api.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    [key] = KeySet.import_key_set(answer.json()).keys
    assert key.as_dict()["alg"] == "EdDSA"
    assert "d" not in key.as_dict()
