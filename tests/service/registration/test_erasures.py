"""An erasure from the wish to the last service that says it is done, and what is left of the person: nothing."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from culture_connect.contracts.envelope import written_time
from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.conftest import running
from tests.service.registration.daily_job import Clocks, Look
from tests.service.registration.files import named, told
from tests.service.registration.harness import Connect, Harness, HrSystem, person
from tests.support.probes import eventually, until

CANARY = {
    "employee_ref": "Kanarie-7731",
    "given_name": "Canarina",
    "family_name": "Vogelzang-Kooi",
    "email": "Canarina.Vogelzang@kooi.example",
}


@pytest.fixture
async def acme(harness: Harness, connect: Connect) -> HrSystem:
    """The HR system of a partner."""
    await harness.register("acme")
    return await connect("acme")


async def erasure_of(harness: Harness, participant_id: object) -> dict[str, Any]:
    """Returns the progress of the erasure, over HTTP."""
    answer = await harness.api.get(f"/erasures/{participant_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def done(erasure: dict[str, Any]) -> list[str]:
    """The services that have completed it."""
    return [each["service"] for each in erasure["services"] if each["completed_at"] is not None]


def probe(harness: Harness, participant_id: object) -> Callable[[], Awaitable[list[str]]]:
    """Asks which services have completed the erasure."""

    async def ask() -> list[str]:
        return done(await erasure_of(harness, participant_id))

    return ask


async def test_an_erasure_is_open_until_both_services_are_done(harness: Harness, acme: HrSystem) -> None:
    enrolled = await acme.receipt(await acme.enrol("e-1"))
    participant_id = enrolled.data["participant_id"]
    nobody_yet = await harness.api.get(f"/erasures/{participant_id}")
    erased = await acme.receipt(await acme.send("enrolment.erased", {"employee_ref": "e-1"}))
    begun = await erasure_of(harness, participant_id)

    assert named(nobody_yet, 404, "not-found") == []
    assert (erased.data["outcome"], erased.data["participant_id"]) == ("erased", participant_id)
    assert begun == {
        "participant_id": participant_id,
        "requested_at": begun["requested_at"],
        "completed_at": None,
        "overdue": False,
        "services": [
            {"service": "notifications", "completed_at": None},
            {"service": "ticketing", "completed_at": None},
        ],
    }
    assert await harness.participants("acme") == []

    about = {"participant_id": participant_id}
    await harness.tell("erasure.completed", about, source="ticketing")
    await eventually(probe(harness, participant_id), ["ticketing"], "the services that are done")
    halfway = await erasure_of(harness, participant_id)
    assert halfway["completed_at"] is None
    for again in range(2):
        await harness.tell("erasure.completed", about, source="ticketing")
        await harness.tell("erasure.completed", about, source=f"stranger-{again}")
        await harness.tell("erasure.completed", {"participant_id": str(uuid4())}, source="notifications")
    await harness.tell("erasure.completed", about, source="notifications")
    await eventually(probe(harness, participant_id), ["notifications", "ticketing"], "the services that are done")

    ended = await erasure_of(harness, participant_id)
    assert ended["services"][1] == halfway["services"][1]
    assert ended["completed_at"] == ended["services"][0]["completed_at"]
    assert (ended["requested_at"], ended["overdue"]) == (begun["requested_at"], False)
    assert await harness.dead_letters.get(no_ack=True, fail=False) is None


async def test_an_erasure_over_http_is_the_same_and_its_partner_alone_sees_it(harness: Harness) -> None:
    await harness.register("acme")
    enrolled = await harness.enrol("acme", "e-1")
    path = "/partners/acme/participants/e-1"
    first, again = [await harness.api.delete(path) for _ in range(2)]
    [_, event] = await told(harness)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json() == await erasure_of(harness, enrolled["participant_id"])
    assert (event.type, event.data) == (
        "participant.erased",
        {"participant_id": enrolled["participant_id"], "version": 2},
    )
    assert named(await harness.api.delete("/partners/acme/participants/e-2"), 404, "not-found") == []
    assert named(await harness.api.delete("/partners/nobody/participants/e-1"), 404, "not-found") == []
    address = f"/erasures/{enrolled['participant_id']}"
    for caller, status in [("desk", 200), ("console", 200), ("acme", 200), ("zeebank", 404), ("nobody", 401)]:
        answer = await harness.api.get(address, headers={"authorization": f"Bearer {caller}"})
        assert answer.status_code == status, caller
    assert (await harness.api.get("/erasures/e-1")).status_code == 422


async def overdue_of(api: httpx.AsyncClient) -> float | None:
    """Returns what a replica tells Prometheus of erasures that are late."""
    lines = (await api.get("/metrics")).text.splitlines()
    values = [line.split()[1] for line in lines if line.startswith("culture_connect_erasures_overdue ")]
    return float(values[0]) if values else None


async def test_an_erasure_is_overdue_after_a_day(
    harness: Harness, clocks: Clocks, settings: RegistrationSettings
) -> None:
    await harness.register("acme")
    ids = [(await harness.enrol("acme", ref))["participant_id"] for ref in ("e-1", "e-2")]
    for ref in ("e-1", "e-2"):
        await harness.api.delete(f"/partners/acme/participants/{ref}")
    assert await clocks.look() == Look(still_open=2, overdue=0)
    assert await clocks.look(datetime.now(UTC) + timedelta(hours=23, minutes=59)) == Look(still_open=2, overdue=0)
    assert await clocks.look(datetime.now(UTC) + timedelta(hours=24, minutes=1)) == Look(still_open=2, overdue=2)

    await clocks.execute(
        "update erasures set requested_at = requested_at - interval '24 hours 1 minute' where participant_id = :who",
        who=ids[0],
    )
    assert [(await erasure_of(harness, each))["overdue"] for each in ids] == [True, False]
    assert await clocks.look() == Look(still_open=2, overdue=1)
    async with running(build_app(settings)) as replica:
        await until(lambda: overdue_of(replica), lambda number: number == 1, "the replica to measure", timeout=5)

    for service in ("ticketing", "notifications"):
        await harness.tell("erasure.completed", {"participant_id": ids[0]}, source=service)
    await eventually(probe(harness, ids[0]), ["notifications", "ticketing"], "the services that are done")
    assert (await erasure_of(harness, ids[0]))["overdue"] is False
    assert await clocks.look() == Look(still_open=1, overdue=0)


async def test_nothing_of_the_person_is_left_where_registration_remembers(
    harness: Harness, clocks: Clocks, acme: HrSystem
) -> None:
    path = f"/partners/acme/participants/{CANARY['employee_ref']}"
    keys = [{"idempotency-key": f"of-the-test-{number}"} for number in range(6)]
    post = harness.api.post
    file = ";".join(CANARY) + "\r\n" + ";".join(CANARY.values()) + "\r\n"
    answers = [
        await post("/partners/acme/enrolments", json=CANARY, headers=keys[0]),
        await post("/partners/acme/enrolments", json={**CANARY, "language": "en"}, headers=keys[1]),
        await post(f"{path}/withdraw", headers=keys[2]),
        await post("/partners/acme/enrolments/import", params={"dry_run": True}, content=file, headers=keys[3]),
        await post("/partners/acme/enrolments/import", content=file, headers=keys[4]),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert await acme.outcome(await acme.send("enrolment.requested", {**CANARY, "given_name": "Canarino"})) == "changed"
    assert await places_with(clocks, *CANARY.values()) != []
    assert (await harness.api.delete(path, headers=keys[5])).status_code == 202
    assert await acme.outcome(await acme.send("enrolment.requested", {**CANARY, "email": "no address"}))
    await eventually(lambda: places_with(clocks, *CANARY.values(), "Canarino"), [], "places where the person stands")
    replayed = await post("/partners/acme/enrolments", json=CANARY, headers=keys[0])
    participant_id = answers[0].json()["participant_id"]
    assert (replayed.status_code, replayed.json()) == (201, {"participant_id": participant_id})
    assert await harness.participants("acme") == []
    assert await clocks.execute("select count(*) from tombstones") == [(1,)]
    assert named(await harness.api.post(f"{path}/withdraw"), 404, "not-found") == []


async def places_with(clocks: Clocks, *words: str) -> list[str]:
    """The tables in which a word stands, as text, in another case or as bytes."""
    tables = await clocks.execute(
        "select table_name from information_schema.tables where table_schema = current_schema()"
    )
    found = []
    for [table] in tables:
        rows = " ".join(row for [row] in await clocks.execute(f"select t::text from {table} t")).lower()  # noqa: S608 - a name from the catalogue
        found += [table for word in words if word.lower() in rows or word.encode().hex() in rows]
    return found


async def test_references_with_any_characters_can_be_in_an_address(harness: Harness) -> None:
    await harness.register("acme")
    for ref in (
        "HR/2026/0042",
        "Müller-Ångström",
        "50% + 1?#;&=",
        "naam met spaties",
        "withdraw",
        "a/withdraw",
        "社員",
    ):
        enrolled = await harness.enrol("acme", ref, email="ann@example.org")
        path = f"/partners/acme/participants/{quote(ref, safe='')}"
        withdrawn = await harness.api.post(f"{path}/withdraw")
        assert (withdrawn.status_code, withdrawn.json()["employee_ref"]) == (200, ref)
        erased = await harness.api.delete(path)
        assert (erased.status_code, erased.json()["participant_id"]) == (202, enrolled["participant_id"]), ref
    assert await harness.participants("acme") == []


async def test_a_message_from_before_the_erasure_comes_too_late(harness: Harness, acme: HrSystem) -> None:
    an_hour_ago, soon = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    enrolled = await acme.receipt(await acme.send("enrolment.requested", person("e-1"), timestamp=an_hour_ago))
    erased_at = datetime.now(UTC) - timedelta(minutes=30)
    await acme.outcome(await acme.send("enrolment.erased", {"employee_ref": "e-1"}, timestamp=erased_at))

    def structured(moment: datetime) -> dict[str, Any]:
        named = {"id": str(uuid4()), "type": "nl.cultureconnect.enrolment.requested.v1", "source": "/acme"}
        return {"specversion": "1.0", "time": written_time(moment), "data": person("e-1"), **named}

    async def send(data: dict[str, Any], **properties: Any) -> str:
        message_id = await acme.send("enrolment.requested", data, **properties)
        return await acme.outcome(data.get("id", message_id))

    cloud_event = {"content_type": "application/cloudevents+json"}
    assert await send(person("e-1"), timestamp=an_hour_ago) == "erased_since"
    assert await send(person("e-1"), headers={"ce-time": written_time(an_hour_ago)}) == "erased_since"
    assert await send(person("e-1"), headers={"ce-time": written_time(an_hour_ago)}, timestamp=soon) == "erased_since"
    assert await send(structured(an_hour_ago), **cloud_event) == "erased_since"
    assert await harness.participants("acme") == []

    # Sent since, though before it is delivered; and from a system whose clock is fast.
    assert await send(person("e-1"), timestamp=erased_at + timedelta(minutes=1)) == "enrolled"
    [back] = await harness.participants("acme")
    assert (back["participant_id"] != enrolled.data["participant_id"], back["version"]) == (True, 1)
    assert await send(person("e-1", given_name="Eva"), headers={"ce-time": written_time(an_hour_ago)}) == "erased_since"
    assert (
        await acme.outcome(
            await acme.send("enrolment.erased", {"employee_ref": "e-1"}, headers={"ce-time": written_time(soon)})
        )
        == "erased"
    )
    assert await send(structured(datetime.now(UTC)), **cloud_event) == "enrolled"
    ids = [event.data["participant_id"] for event in await told(harness) if event.type == "participant.enrolled"]
    assert len(set(ids)) == len(ids) == 3
