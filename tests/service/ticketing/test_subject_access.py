"""All that ticketing holds of a person, and that no table is forgotten."""

from typing import Any

import httpx
import pytest

from culture_connect.contracts import Admission
from culture_connect.http.subject_access import MASKED
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import enrolled, evening, partner, person
from ticketing.store.subject_access import HOLDINGS

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
# Tables without anything of participants.
WITHOUT_PEOPLE = {
    *(
        "alembic_version",
        "evenings",
        "inbox",
        "leases",
        "line_watermarks",
        "outbox_lanes",
        "refusals",
        "partners",
        "shares",
    ),
    "timers",
}
EVERYTHING = {"authorization": "Bearer everything-token"}


@pytest.fixture(autouse=True)
async def _people(harness: Harness) -> None:
    harness.now = MONTH_BEFORE
    await harness.apply(partner(), *map(enrolled, ["ans", "bo"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans")


async def held(api: httpx.AsyncClient, name: str) -> dict[str, list[dict[str, Any]]]:
    answer = await api.get(f"/participants/{person(name)}/export", headers=EVERYTHING)
    assert answer.status_code == 200
    return dict(answer.json()["held"])


async def test_every_table_with_something_of_people_is_exported(harness: Harness) -> None:
    assert (await harness.everything()).keys() - WITHOUT_PEOPLE == {each.table for each in HOLDINGS}


async def test_an_operator_sees_all_that_is_held_of_a_participant(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    found = await held(api, "ans")
    for table in ("participants", "wishes", "tickets", "scans", "pages", "decisions", "outbox"):
        assert found[table], table
    [ticket] = found["tickets"]
    assert (ticket["participant_id"], ticket["state"]) == (str(person("ans")), "admitted")
    [scan] = found["scans"]
    assert scan["scan_id"] == "s1"
    assert found["outbox"][-1]["body"]["participant_id"] == str(person("ans"))


async def test_what_opens_a_door_or_a_page_is_masked(api: httpx.AsyncClient, harness: Harness) -> None:
    secrets = [await harness.code("ans", NIGHT), *await harness.secrets("ans", NIGHT)]
    answer = await api.get(f"/participants/{person('ans')}/export", headers=EVERYTHING)
    assert answer.json()["held"]["tickets"][0]["code"] == MASKED
    assert not [secret for secret in secrets if secret in answer.text]


async def test_an_export_does_not_tell_who_was_offered_a_ticket(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.clear_outbox()
    await harness.offer("ans", NIGHT, "bo@example.com")
    await harness.clear_outbox()
    [offer] = (await held(api, "ans"))["offers"]
    assert "participant_id" not in offer
    assert str(person("bo")) not in str(await held(api, "ans"))
    [received] = (await held(api, "bo"))["offers"]
    assert received["participant_id"] == str(person("bo"))


async def test_only_an_operator_sees_it(api: httpx.AsyncClient) -> None:
    for token in ("desk", "paard", "acme"):
        headers = {"authorization": f"Bearer {token}-token"}
        assert (await api.get(f"/participants/{person('ans')}/export", headers=headers)).status_code == 403
