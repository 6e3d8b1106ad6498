"""One employee over HTTP: the decisions and the words of the bus, with the statuses of HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from culture_connect.contracts import local_day
from tests.service.registration.files import named, told
from tests.service.registration.harness import Connect, Harness, person

TODAY = local_day(datetime.now(UTC))
TOMORROW, NEXT_WEEK = ((TODAY + timedelta(days=days)).isoformat() for days in (1, 7))
YESTERDAY = (TODAY - timedelta(days=1)).isoformat()
PATH = "/partners/acme/enrolments"
MINE = {"authorization": "Bearer acme"}


async def withdraw(harness: Harness, employee_ref: str, **body: Any) -> httpx.Response:
    """Withdraws an employee of acme as its HR department does; without any words the body stays away."""
    path = f"/partners/acme/participants/{employee_ref}/withdraw"
    return await harness.api.post(path, json=body or None, headers=MINE)


async def test_an_employee_is_enrolled_changed_and_brought_back(harness: Harness) -> None:
    await harness.register("acme")
    steps: list[tuple[dict[str, Any], int, str]] = [
        (person("e-1"), 201, "enrolled"),
        (person("e-1"), 200, "unchanged"),
        (person("e-1", family_name="van der Meer"), 200, "changed"),
        (person("e-2", starts_on=NEXT_WEEK), 201, "scheduled"),
    ]
    answers = [await harness.api.post(PATH, json=body, headers=MINE) for body, _, _ in steps]
    assert [(each.status_code, each.json()["outcome"]) for each in answers] == [step[1:] for step in steps]
    first, second, third = answers[:3]
    assert first.json() == {
        **person("e-1"),
        "participant_id": first.json()["participant_id"],
        "standing": "enrolled",
        "language": "nl",
        "starts_on": None,
        "ends_on": None,
        "leaves_on": None,
        "version": 1,
        "outcome": "enrolled",
    }
    assert second.json() == {**first.json(), "outcome": "unchanged"}
    assert third.json() == {**first.json(), "family_name": "van der Meer", "version": 2, "outcome": "changed"}

    await withdraw(harness, "e-1")
    back = await harness.api.post(PATH, json=person("e-1"))
    assert (back.status_code, back.json()) == (200, {**first.json(), "version": 4})
    assert [(event.type.partition(".")[2], event.data["version"]) for event in await told(harness)] == [
        ("enrolled", 1),
        ("changed", 2),
        ("enrolled", 1),
        ("withdrawn", 3),
        ("enrolled", 4),
    ]


async def test_an_employee_is_withdrawn_today_or_on_a_later_day(harness: Harness) -> None:
    await harness.register("acme", places=2)
    for ref in ("e-1", "e-2"):
        await harness.enrol("acme", ref)

    now = [await withdraw(harness, "e-1") for _ in range(2)]
    assert [each.status_code for each in now] == [200, 200]
    assert [each.json()["outcome"] for each in now] == ["withdrawn", "unchanged"]
    assert {(each.json()["standing"], each.json()["leaves_on"], each.json()["version"]) for each in now} == {
        ("withdrawn", TODAY.isoformat(), 2)
    }

    days = [NEXT_WEEK, NEXT_WEEK, TOMORROW, YESTERDAY, TOMORROW]
    later = [(await withdraw(harness, "e-2", effective_on=day)).json() for day in days]
    assert [(each["outcome"], each["standing"], each["leaves_on"], each["version"]) for each in later] == [
        ("scheduled", "enrolled", NEXT_WEEK, 2),
        ("unchanged", "enrolled", NEXT_WEEK, 2),
        ("scheduled", "enrolled", TOMORROW, 3),
        ("withdrawn", "withdrawn", TODAY.isoformat(), 4),
        ("unchanged", "withdrawn", TODAY.isoformat(), 4),
    ]
    events = [event.data for event in await told(harness) if event.type == "participant.withdrawn"]
    assert [event["effective_on"] for event in events] == [
        TODAY.isoformat(),
        NEXT_WEEK,
        TOMORROW,
        TODAY.isoformat(),
    ]
    wrong = await withdraw(harness, "e-2", effective_on="soon")
    assert named(wrong, 422, "invalid-request") == [("effective_on", "not_a_date")]
    assert named(await withdraw(harness, "e-2", on=TOMORROW), 422, "invalid-request") == [("on", "unknown_field")]


async def test_a_refusal_says_what_a_receipt_would_say(harness: Harness, connect: Connect) -> None:
    await harness.register("acme", places=1)
    acme = await connect("acme")
    await harness.enrol("acme", "e-1")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("enrolment-refused", person("e-2")),
        ("enrolment-refused", person("e-2", email="E-1@example.ORG", ends_on=YESTERDAY)),
        ("enrolment-refused", person("e-2", starts_on="2150-01-01")),
        ("invalid-request", person("e-2", email="nobody")),
        ("invalid-request", person("e-2", given_name="Noor\r\nBcc: all@example.org", language="de")),
        ("invalid-request", {"employee_ref": "e-2", "given_name": "Noor"}),
        ("invalid-request", person("e-2", starts_on=TOMORROW, ends_on=YESTERDAY)),
        ("invalid-request", person("e-2", family_name="=?utf-8?q?x?=", starts_on="01-09-2026")),
        ("invalid-request", person("e" * 65, email=7)),
    ]
    for code, data in cases:
        answer = await harness.api.post(PATH, json=data)
        receipt = await acme.receipt(await acme.send("enrolment.requested", data))
        assert named(answer, 422, code), data
        assert answer.json()["errors"] == receipt.data["errors"], data
    assert [each["employee_ref"] for each in await harness.participants("acme")] == ["e-1"]


async def test_who_or_what_is_not_there_is_not_found(harness: Harness) -> None:
    await harness.register("acme")
    nowhere = await harness.api.post("/partners/nobody/enrolments", json=person("e-1"))
    assert named(nowhere, 404, "not-found") == []
    assert nowhere.json()["title"] == "There is no such partner"
    for path in ("/partners/nobody/participants/e-1", "/partners/acme/participants/e-9"):
        assert named(await harness.api.post(f"{path}/withdraw"), 404, "not-found") == [], path
        assert named(await harness.api.delete(path), 404, "not-found") == [], path
    unknown = await harness.api.post(PATH, json=person("e-1", birth_date="2001-02-03"))
    assert named(unknown, 422, "invalid-request") == [("birth_date", "unknown_field")]
    for content in (b"", b"{", b"[]", b"null"):
        answer = await harness.api.post(PATH, content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 422, content
    assert await harness.participants("acme") == []


async def test_a_repeated_request_is_answered_as_the_first_time(harness: Harness) -> None:
    await harness.register("acme", places=1)
    key = {"idempotency-key": str(uuid4())}
    first = await harness.api.post(PATH, json=person("e-1"), headers=key)
    leaving = {"idempotency-key": str(uuid4())}
    path = "/partners/acme/participants/e-1/withdraw"
    gone = [await harness.api.post(path, headers=leaving) for _ in range(2)]
    again = await harness.api.post(PATH, json=person("e-1"), headers=key)

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert gone[0].json() == gone[1].json()
    assert [each["standing"] for each in await harness.participants("acme")] == ["withdrawn"]
    for other in (person("e-1", given_name="Eva"), person("e-2")):
        answer = await harness.api.post(PATH, json=other, headers=key)
        assert named(answer, 422, "idempotency-key-reused") == []
    # Another caller's key is another key; and a refusal is not remembered.
    mine = await harness.api.post(PATH, json=person("e-2"), headers={**MINE, **key})
    assert mine.status_code == 201
    full = {"idempotency-key": str(uuid4())}
    assert named(await harness.api.post(PATH, json=person("e-3"), headers=full), 422, "enrolment-refused")
    await harness.api.post("/partners/acme/participants/e-2/withdraw")
    assert (await harness.api.post(PATH, json=person("e-3"), headers=full)).status_code == 201
    assert len([event for event in await told(harness) if event.type == "participant.enrolled"]) == 3


async def test_one_employee_can_be_looked_up(harness: Harness) -> None:
    for slug in ("acme", "zeebank"):
        await harness.register(slug)
        for ref in ("e-1", "E-1", "HR/7 & 8", "Müller"):
            await harness.enrol(slug, ref, email=f"{uuid4().hex}@example.org")
    await withdraw(harness, "Müller")

    async def found(ref: str) -> list[tuple[str, str]]:
        answer = await harness.api.get("/partners/acme/participants", params={"employee_ref": ref}, headers=MINE)
        assert answer.json()["next_cursor"] is None
        return [(each["employee_ref"], each["standing"]) for each in answer.json()["items"]]

    assert await found("e-1") == [("e-1", "enrolled")]
    assert await found("HR/7 & 8") == [("HR/7 & 8", "enrolled")]
    assert await found("Müller") == [("Müller", "withdrawn")]
    assert await found("e-") == await found("%") == []
    await harness.api.delete("/partners/acme/participants/e-1")
    assert await found("e-1") == []
    too_long = await harness.api.get("/partners/acme/participants", params={"employee_ref": "e" * 65})
    assert too_long.status_code == 422
