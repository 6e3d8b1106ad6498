"""Partners that change, leave and come back, and what everybody hears of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from culture_connect.contracts import local_day
from tests.service.registration.daily_job import Clocks
from tests.service.registration.files import named, standings
from tests.service.registration.harness import Connect, Harness, Heard, HrSystem, person
from tests.support.probes import eventually
from tests.support.service_environment import Surroundings

TODAY = local_day(datetime.now(UTC))
NEXT_WEEK = (TODAY + timedelta(days=7)).isoformat()


async def partner_events(harness: Harness) -> list[Heard]:
    """The events about partners so far, none of them still on its way: they come in order, and a last one is sent."""
    last = await harness.register(f"last-{uuid4().hex[:8]}")
    heard: list[Heard] = []

    def has_come() -> bool:
        heard[:] = harness.events.of_type("partner.registered", "partner.changed", "partner.left")
        return last["slug"] in [event.data["slug"] for event in heard]

    await eventually(has_come, True, "the event sent last to have come")
    return [event for event in heard if not event.data["slug"].startswith("last-")]


async def test_a_change_is_told_whole_and_no_change_is_not_told(harness: Harness) -> None:
    partner = await harness.register("acme", places=5, contact_email="hr@acme.example")
    changes: dict[str, Any] = {
        "name": "Acme & Co",
        "places": 12,
        "language": "en",
        "contact_email": "people@acme.example",
        "starts_on": "2026-10-01",
        "ends_on": "2028-08-31",
    }
    first = await harness.api.patch("/partners/acme", json=changes)
    same = [await harness.api.patch("/partners/acme", json=body) for body in (changes, {}, {"places": 12})]
    without_address = await harness.api.patch("/partners/acme", json={"contact_email": None})

    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert first.json() == {**partner, **changes, "version": 2}
    assert [(answer.status_code, answer.json()) for answer in same] == [(200, first.json())] * 3
    assert without_address.json() == {**first.json(), "contact_email": None, "version": 3}
    assert (await harness.api.get("/partners/acme")).json() == without_address.json()
    _, told, last = await partner_events(harness)
    assert (told.type, told.key) == ("partner.changed", "partner.changed.acme")
    assert told.data == {"slug": "acme", **changes, "version": 2}
    assert last.data == {**told.data, "contact_email": None, "version": 3}


async def test_a_change_that_cannot_be_is_refused_and_changes_nothing(harness: Harness) -> None:
    partner = await harness.register("acme", places=3)
    for body, errors in [
        ({"places": 0}, [("places", "too_small")]),
        ({"places": None}, [("places", "not_an_integer")]),
        ({"name": ""}, [("name", "too_short")]),
        ({"slug": "acme-2"}, [("slug", "unknown_field")]),
        ({"active": 0}, [("active", "unknown_field")]),
        ({"ends_on": "2001-01-01"}, [("ends_on", "before_start")]),
    ]:
        answer = await harness.api.patch("/partners/acme", json=body)
        assert named(answer, 422, "invalid-request") == errors, body
    assert named(await harness.api.patch("/partners/zeebank", json={"places": 1}), 404, "not-found") == []

    for number in range(2):
        await harness.enrol("acme", f"e-{number}")
    fewer = await harness.api.patch("/partners/acme", json={"places": 1, "name": "Fewer"})
    assert named(fewer, 409, "places-taken") == [("places", "too_small")]
    assert fewer.json()["detail"].startswith("2 participants are active")
    assert fewer.json()["errors"][0]["message"] == "must be at least 2"
    assert (await harness.api.get("/partners/acme")).json() == {**partner, "active": 2}
    assert (await harness.api.patch("/partners/acme", json={"places": 2})).status_code == 200
    await harness.api.post("/partners/acme/participants/e-0/withdraw")
    assert (await harness.api.patch("/partners/acme", json={"places": 1})).json()["version"] == 3
    assert [event.data["places"] for event in await partner_events(harness)] == [3, 2, 1]


async def test_an_edit_of_what_was_read_before_is_refused(harness: Harness) -> None:
    await harness.register("acme")
    read = (await harness.api.get("/partners/acme")).headers["etag"]

    async def edit(if_match: str, places: int) -> tuple[int, str | None]:
        answer = await harness.api.patch("/partners/acme", json={"places": places}, headers={"if-match": if_match})
        return answer.status_code, answer.json().get("code")

    assert await edit(read, 101) == (200, None)
    assert await edit(read, 102) == (412, "precondition-failed")
    assert await edit('"7"', 102) == (412, "precondition-failed")
    assert await edit('W/"2"', 102) == (412, "precondition-failed")
    for malformed in ("2", '"2', "two", '"2" "3"', ""):
        answer = await harness.api.patch("/partners/acme", json={"places": 5}, headers={"if-match": malformed})
        assert named(answer, 422, "invalid-request") == [("header.if-match", "malformed")], malformed
    assert await edit('"1", "2"', 103) == (200, None)
    assert await edit("*", 104) == (200, None)

    for if_match, status in [(read, 412), ("2", 422), ('"4"', 200), ('"4"', 200)]:
        answer = await harness.leave("acme", headers={"if-match": if_match})
        assert answer.status_code == status, if_match
    assert [event.data["version"] for event in await partner_events(harness)] == [1, 2, 3, 4, 5]


async def connected(harness: Harness, connect: Connect, clocks: Clocks, *refs: str) -> HrSystem:
    """A partner that is on the bus, and noted as such, with these people."""
    await harness.register("acme", places=3)
    acme = await connect("acme")
    for message_id in [await acme.enrol(ref) for ref in refs]:
        assert await acme.outcome(message_id) == "enrolled"
    await eventually(lambda: clocks.execute("select on_bus from partners"), [(True,)], "the partner to be on the bus")
    return acme


async def test_when_a_partner_leaves_everybody_is_withdrawn_and_hr_hears_it(
    harness: Harness, connect: Connect, clocks: Clocks
) -> None:
    acme = await connected(harness, connect, clocks, "e-1", "e-2", "e-3")
    await acme.outcome(await acme.send("enrolment.withdrawn", {"employee_ref": "e-2", "effective_on": NEXT_WEEK}))
    await acme.outcome(await acme.send("enrolment.withdrawn", {"employee_ref": "e-3"}))
    first, again = [await harness.leave("acme") for _ in range(2)]

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == (await harness.api.get("/partners/acme")).json()
    assert (first.json()["active"], first.json()["version"]) == (0, 2)
    assert datetime.fromisoformat(first.json()["left_at"]) > datetime.now(UTC) - timedelta(minutes=1)
    _, left = await partner_events(harness)
    assert (left.type, left.key, left.data["version"]) == ("partner.left", "partner.left.acme", 2)
    withdrawn = harness.events.of_type("participant.withdrawn")[2:]
    assert {event.data["effective_on"] for event in withdrawn} == {TODAY.isoformat()}
    assert sorted(event.data["version"] for event in withdrawn) == [2, 3]

    # Nothing of e-3, who had gone before.
    receipts = (await acme.receipts.hears(7, "enrolment.accepted"))[5:]
    assert {receipt.data["employee_ref"]: receipt.data["participant_id"] for receipt in receipts} == {
        each["employee_ref"]: each["participant_id"]
        for each in await harness.participants("acme")
        if each["employee_ref"] != "e-3"
    }
    assert {(receipt.data["outcome"], receipt.data["reason"]) for receipt in receipts} == {
        ("withdrawn", "partner-left")
    }
    assert {receipt.data["message_id"]: receipt.data["participant_id"] for receipt in receipts} == {
        event.id: event.data["participant_id"] for event in withdrawn
    }


async def test_a_partner_ends_only_when_it_is_named_and_its_people_are_counted(harness: Harness) -> None:
    await harness.register("acme", name="Acme Nederland")
    await harness.enrol("acme", "e-1")
    path = "/partners/acme"
    refused: list[tuple[dict[str, str | int], int, str, list[tuple[str, str]]]] = [
        ({}, 422, "invalid-request", [("query.name", "missing")]),
        ({"name": "Acme", "confirm_withdrawals": 1}, 422, "invalid-request", [("name", "not_its_name")]),
        ({"name": "Acme Nederland"}, 409, "withdrawals-not-confirmed", [("confirm_withdrawals", "not_confirmed")]),
        (
            {"name": "Acme Nederland", "confirm_withdrawals": 2},
            409,
            "withdrawals-not-confirmed",
            [("confirm_withdrawals", "not_confirmed")],
        ),
    ]
    for query, status, code, errors in refused:
        assert named(await harness.api.delete(path, params=query), status, code) == errors, query
    assert await standings(harness) == {"e-1": "enrolled"}
    right: dict[str, str | int] = {"name": "Acme Nederland", "confirm_withdrawals": 1}
    first, again = [await harness.api.delete(path, params=right) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert await standings(harness) == {"e-1": "withdrawn"}


async def test_who_left_is_answered_so_until_it_is_registered_again(
    harness: Harness, connect: Connect, clocks: Clocks
) -> None:
    acme = await connected(harness, connect, clocks, "e-1", "e-2")
    before = await harness.participants("acme")
    await harness.leave("acme")

    assert await acme.outcome(await acme.enrol("e-1")) == "partner_left"
    assert await acme.outcome(await acme.send("enrolment.withdrawn", {"employee_ref": "e-1"})) == "unchanged"
    assert await acme.outcome(await acme.send("enrolment.erased", {"employee_ref": "e-2"})) == "erased"
    assert named(await harness.api.patch("/partners/acme", json={"places": 9}), 409, "partner-left") == []
    over_http = await harness.api.post("/partners/acme/enrolments", json=person("e-9"))
    assert named(over_http, 422, "enrolment-refused") == [(None, "partner_left")]

    back = await harness.register("acme", places=1, name="Acme again")
    assert (back["version"], back["active"], back["left_at"], back["name"]) == (3, 0, None, "Acme again")
    assert await standings(harness) == {"e-1": "withdrawn"}
    assert await acme.outcome(await acme.enrol("e-1")) == "enrolled"
    [known] = await harness.participants("acme")
    assert known["participant_id"] in [each["participant_id"] for each in before]
    assert (known["standing"], known["version"]) == ("enrolled", 3)
    taken = {"slug": "acme", "name": "Acme", "places": 5, "language": "nl"}
    assert named(await harness.api.post("/partners", json=taken), 409, "slug-taken") == []
    assert [(event.type, event.data["version"]) for event in await partner_events(harness)] == [
        ("partner.registered", 1),
        ("partner.left", 2),
        ("partner.registered", 3),
    ]


async def test_a_partner_without_an_account_on_the_bus_gets_no_receipts(harness: Harness, clocks: Clocks) -> None:
    await harness.register("acme")
    noted = "select on_bus from partners"
    await eventually(lambda: clocks.execute(noted), [(False,)], "the partner to be known not to be on the bus")
    bounced = await harness.enrol("acme", "e-1")
    await harness.enrol("acme", "e-2")
    await harness.tell("mail.undeliverable", {"participant_id": bounced["participant_id"]})
    assert (await harness.leave("acme")).status_code == 200
    assert len(await harness.events.hears(2, "participant.withdrawn")) == 2
    await partner_events(harness)

    async def waiting() -> int:
        [[number]] = await clocks.execute("select count(*) from outbox")
        return int(number)

    await eventually(waiting, 0, "messages that wait to be sent")
    assert await harness.dead_letters.get(no_ack=True, fail=False) is None


async def test_a_token_of_a_partner_lists_that_partner_only(harness: Harness) -> None:
    for slug in ("aaa", "acme", "acme-2", "zeebank"):
        await harness.register(slug)
    everyone = ["aaa", "acme", "acme-2", "zeebank"]
    for name, slugs in [("acme", ["acme"]), ("zeebank", ["zeebank"]), ("console", everyone)]:
        for limit in (1, 500):
            assert await listed(harness, name, limit) == slugs, (name, limit)


async def listed(harness: Harness, token: str, limit: int) -> list[str]:
    """The slugs in all pages of partners that a token gets."""
    slugs: list[str] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = await harness.api.get("/partners", params=params, headers={"authorization": f"Bearer {token}"})
        slugs += [each["slug"] for each in answer.json()["items"]]
        params["cursor"] = answer.json()["next_cursor"]
        if params["cursor"] is None:
            return slugs


async def test_a_partner_whose_account_was_removed_first_gets_no_receipts(
    harness: Harness, connect: Connect, surroundings: Surroundings, clocks: Clocks
) -> None:
    await connected(harness, connect, clocks, "e-1")
    async with surroundings.administrator("edge") as edge:
        for queue in ("hr.acme.enrolments", "hr.acme.receipts"):
            await edge.queue_delete(queue)
    noted = "select on_bus from partners"
    await eventually(lambda: clocks.execute(noted), [(False,)], "the partner to be off the bus")

    await harness.leave("acme")
    await harness.events.hears(1, "partner.left")
    await eventually(lambda: clocks.execute("select routing_key from outbox"), [], "what has not gone out")
