"""All that registration holds of a person, and that no table is forgotten."""

import httpx

from registration.store.subject_access import HOLDINGS
from tests.service.registration.harness import Harness
from tests.support.service_environment import Surroundings
from tests.support.subject_access import tables_of

# Tables without anything of participants; `inbox` has hashes of messages alone.
WITHOUT_PEOPLE = {"alembic_version", "evenings", "inbox", "leases", "outbox_lanes", "refusals", "partners", "venues"}
CONSOLE = {"authorization": "Bearer console"}


async def exported(harness: Harness, ref: str, **headers: str) -> httpx.Response:
    return await harness.api.get(f"/partners/acme/participants/{ref}/export", headers=headers or CONSOLE)


async def test_every_table_with_something_of_people_is_exported(harness: Harness, surroundings: Surroundings) -> None:
    tables = await tables_of(surroundings.database.superuser_url, "registration")
    assert tables - WITHOUT_PEOPLE == {each.table for each in HOLDINGS}


async def test_an_operator_sees_all_that_is_held_of_an_employee_and_nothing_of_another(harness: Harness) -> None:
    await harness.register("acme")
    noor = await harness.enrol("acme", "e-1", given_name="Noor")
    await harness.enrol("acme", "e-10", given_name="Eva", email="eva@example.org")
    answer = await exported(harness, "e-1")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json()["participant_id"] == noor["participant_id"]
    [person] = answer.json()["held"]["participants"]
    assert (person["given_name"], person["email"], person["employee_ref"]) == ("Noor", "e-1@example.org", "e-1")
    assert {"last_command_at", "changed_at", "email_key"} <= person.keys()
    assert "Eva" not in answer.text


async def test_of_somebody_who_was_erased_is_shown_what_is_left(harness: Harness) -> None:
    await harness.register("acme")
    noor = await harness.enrol("acme", "e-1", given_name="Noor")
    await harness.api.delete("/partners/acme/participants/e-1")
    answer = await exported(harness, "e-1")
    held = answer.json()["held"]
    assert answer.json()["participant_id"] == noor["participant_id"]
    assert [each["service"] for each in held["erasures"]] == ["ticketing", "notifications"]
    assert len(held["tombstones"]) == 1
    assert [each["given_name"] for each in held["participants"]] == [None]
    assert "Noor" not in answer.text


async def test_only_an_operator_sees_it_and_only_of_somebody_known(harness: Harness) -> None:
    await harness.register("acme")
    await harness.enrol("acme", "e-1")
    for token in ("desk", "acme", "zeebank"):
        assert (await exported(harness, "e-1", authorization=f"Bearer {token}")).status_code == 403
    assert (await exported(harness, "e-2")).status_code == 404
