"""The API of registration, as the programme desk, the console and partners use it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from culture_connect.contracts import local_day
from registration.domain.calendar import running_season
from tests.service.registration.harness import Connect, Harness, evening, moved

BOTH = {"nl": "Door storm", "en": "Because of a storm"}


def token(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def test_a_partner_is_registered_for_the_running_season_and_told(harness: Harness) -> None:
    partner = await harness.register("acme", places=12)
    [event] = await harness.events.hears(1)
    season = running_season(local_day(datetime.now(UTC)))
    term = {"starts_on": season.starts_on.isoformat(), "ends_on": season.ends_on.isoformat()}
    told = {"slug": "acme", "name": "Acme", "places": 12, "language": "nl", "version": 1, **term}
    assert partner == {**told, "active": 0, "contact_email": None, "left_at": None}
    assert (event.type, event.key) == ("partner.registered", "partner.registered.acme")
    assert event.data == {**told, "contact_email": None}
    assert (await harness.api.get("/partners/acme")).json() == partner


async def test_a_partner_may_have_dates_and_an_address_of_its_own(harness: Harness) -> None:
    given: dict[str, Any] = {"starts_on": "2026-10-01", "ends_on": "2028-08-31", "contact_email": "hr@acme.example"}
    partner = await harness.register("acme", **given)
    assert {name: partner[name] for name in given} == given


async def test_a_slug_is_given_once(harness: Harness) -> None:
    await harness.register("acme")
    again = await harness.api.post("/partners", json={"slug": "acme", "name": "A", "places": 1, "language": "nl"})
    assert (again.status_code, again.json()["code"]) == (409, "slug-taken")
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_partner_that_cannot_be_is_refused_with_the_field(harness: Harness) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("slug", {"slug": "Acme BV"}),
        ("places", {"places": 0}),
        ("places", {"places": "12"}),
        ("places", {"places": 10**12}),
        ("language", {"language": "de"}),
        ("name", {"name": "A\r\nB"}),
        ("contact_email", {"contact_email": "nobody"}),
        ("ends_on", {"starts_on": "2027-02-01", "ends_on": "2027-01-01"}),
        ("secret", {"secret": True}),
    ]
    for field, wrong in cases:
        body = {"slug": "acme", "name": "Acme", "places": 5, "language": "nl", **wrong}
        answer = await harness.api.post("/partners", json=body)
        assert answer.status_code == 422, wrong
        assert [error["field"] for error in answer.json()["errors"]] == [field], wrong
    assert (await harness.api.get("/partners")).json()["items"] == []


async def test_a_repeated_request_registers_once(harness: Harness) -> None:
    body = {"slug": "acme", "name": "Acme", "places": 5, "language": "nl"}
    key = {"idempotency-key": str(uuid4())}
    first, again = [await harness.api.post("/partners", json=body, headers=key) for _ in range(2)]
    other = await harness.api.post("/partners", json={**body, "places": 6}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()
    assert len(await harness.events.hears(1)) == 1


async def test_the_events_of_a_request_continue_its_trace(harness: Harness) -> None:
    trace = uuid4().hex
    headers = {"traceparent": f"00-{trace}-{'5' * 16}-01"}
    body = {"slug": "acme", "name": "Acme", "places": 5, "language": "nl"}
    assert (await harness.api.post("/partners", json=body, headers=headers)).status_code == 201
    await harness.register("zeebank")
    acme, zeebank = await harness.events.hears(2)
    assert acme.traceparent.split("-")[1] == trace != zeebank.traceparent.split("-")[1]


async def test_partners_come_in_pages_by_slug(harness: Harness) -> None:
    slugs = [f"p-{number}" for number in range(5)]
    for slug in reversed(slugs):
        await harness.register(slug)
    seen, cursor = [], None
    while True:
        answer = (
            await harness.api.get("/partners", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [each["slug"] for each in answer["items"]]
        if not (cursor := answer["next_cursor"]):
            break
    assert seen == slugs


async def test_a_partner_sees_its_own_participants_in_pages(harness: Harness, connect: Connect) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    sent = [await acme.enrol(f"e-{number}") for number in range(3)]
    for message_id in sent:
        await acme.outcome(message_id)
    path, mine = "/partners/acme/participants", token("acme")
    first = (await harness.api.get(path, params={"limit": 2}, headers=mine)).json()
    rest = (await harness.api.get(path, params={"limit": 2, "cursor": first["next_cursor"]}, headers=mine)).json()
    listed = [each["employee_ref"] for each in first["items"] + rest["items"]]
    assert sorted(listed) == ["e-0", "e-1", "e-2"]
    assert rest["next_cursor"] is None
    assert (await harness.api.get("/partners/acme")).json()["active"] == 3


async def test_everybody_may_do_what_their_scope_says(harness: Harness) -> None:
    await harness.register("acme")
    for method, path, caller, status in [
        ("GET", "/partners", "nobody", 401),
        ("GET", "/partners", "acme", 200),
        ("GET", "/partners/acme", "acme", 200),
        ("GET", "/partners/acme", "zeebank", 403),
        ("PATCH", "/partners/acme", "acme", 403),
        ("DELETE", "/partners/acme", "console", 403),
        ("GET", "/partners", "console", 200),
        ("POST", "/partners", "console", 403),
        ("GET", "/partners/acme", "console", 200),
        ("GET", "/partners/zeebank", "console", 404),
        ("GET", "/partners/acme/participants", "zeebank", 403),
        ("GET", "/partners/acme/participants", "console", 403),
        ("GET", "/partners/zeebank/participants", "desk", 404),
        ("GET", "/partners/acme/participants/export", "zeebank", 403),
        ("POST", "/partners/acme/enrolments", "zeebank", 403),
        ("POST", "/partners/acme/enrolments", "console", 403),
        ("POST", "/partners/acme/enrolments/import", "zeebank", 403),
        ("POST", "/partners/acme/participants/e-1/withdraw", "zeebank", 403),
        ("DELETE", "/partners/acme/participants/e-1", "zeebank", 403),
        ("DELETE", "/partners/acme/participants/e-1", "acme", 404),
        ("GET", f"/erasures/{uuid4()}", "nobody", 401),
        ("GET", f"/erasures/{uuid4()}", "acme", 404),
        ("GET", "/venues", "acme", 200),
        ("PATCH", "/venues/paard", "acme", 403),
        ("PATCH", f"/evenings/{uuid4()}", "console", 403),
        ("GET", "/evenings", "console", 200),
        ("GET", "/evenings", "acme", 403),
        ("POST", "/evenings", "console", 403),
        ("GET", f"/evenings/{uuid4()}", "console", 404),
        ("POST", f"/evenings/{uuid4()}/cancel", "desk", 404),
        ("POST", f"/evenings/{uuid4()}/cancel", "console", 403),
    ]:
        answer = await harness.api.request(method, path, headers=token(caller))
        assert answer.status_code == status, (method, path, caller)


async def test_an_evening_is_scheduled_with_its_defaults_and_told(harness: Harness) -> None:
    answer = await harness.api.post("/evenings", json=evening())
    scheduled = answer.json()
    [event] = await harness.events.hears(1)
    assert answer.status_code == 201
    assert (scheduled["version"], scheduled["admission"], scheduled["cancelled_at"]) == (1, "automatic", None)
    assert scheduled["release_at"] == "2027-04-30T18:00:00+02:00"
    assert scheduled["closes_at"] == "2027-05-07T16:00:00+02:00"
    assert event.key == "evening.scheduled.paard"
    assert event.data == {name: scheduled[name] for name in event.data}
    assert set(scheduled) - set(event.data) == {"cancelled_at", "reason"}
    assert (await harness.api.get(f"/evenings/{scheduled['evening_id']}")).json() == scheduled


async def test_an_evening_that_cannot_be_is_refused_with_the_field(harness: Harness) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("venue", {"venue": "concertgebouw"}),
        ("capacity", {"capacity": 0}),
        ("season", {"season": "2026-2028"}),
        ("starts_at", {"starts_at": "2027-05-07T18:00:00"}),
        ("starts_at", {"starts_at": "0001-01-01T00:00:00+14:00"}),
        ("release_at", {"release_at": "2027-05-08T18:00:00+02:00"}),
        ("programme", {"programme": evening()["programme"][:2]}),
        ("allotments", {"allotments": {"acme": 251}}),
        ("allotments.acme", {"allotments": {"acme": 1}}),
        ("title.en", {"title": {"nl": "Alleen Nederlands"}}),
    ]
    for field, wrong in cases:
        answer = await harness.api.post("/evenings", json=evening(**wrong))
        assert answer.status_code == 422, wrong
        assert field in [error["field"] for error in answer.json()["errors"]], wrong
    assert (await harness.api.get("/evenings")).json()["items"] == []


async def test_a_day_in_the_hague_has_one_evening_until_that_is_cancelled(harness: Harness) -> None:
    first = await harness.api.post("/evenings", json=evening())
    second = await harness.api.post("/evenings", json=evening(venue="ndt"))
    assert (second.status_code, second.json()["code"]) == (409, "day-taken")
    await harness.api.post(f"/evenings/{first.json()['evening_id']}/cancel")
    third = await harness.api.post("/evenings", json=evening(venue="ndt"))
    assert third.status_code == 201


async def test_evenings_come_in_pages_by_season_and_start(harness: Harness) -> None:
    days = ["2027-05-07", "2027-03-04", "2027-06-08"]
    for day in days:
        await harness.api.post("/evenings", json=moved(evening(), day))
    await harness.api.post("/evenings", json=moved(evening(season="2027-2028"), "2027-10-01"))
    first = (await harness.api.get("/evenings", params={"season": "2026-2027", "limit": 2})).json()
    params = {"season": "2026-2027", "limit": 2, "cursor": first["next_cursor"]}
    rest = (await harness.api.get("/evenings", params=params)).json()
    assert [each["starts_at"][:10] for each in first["items"] + rest["items"]] == sorted(days)
    assert rest["next_cursor"] is None
    assert len((await harness.api.get("/evenings")).json()["items"]) == 4


async def test_cancelling_twice_is_told_once(harness: Harness) -> None:
    scheduled = (await harness.api.post("/evenings", json=evening())).json()
    path = f"/evenings/{scheduled['evening_id']}/cancel"
    first = await harness.api.post(path, json={"reason": BOTH})
    again = await harness.api.post(path)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert (first.json()["version"], first.json()["reason"]) == (2, BOTH)
    await harness.register("acme")
    events = await harness.events.hears(3)
    assert [each.type for each in events] == ["evening.scheduled", "evening.cancelled", "partner.registered"]
    assert events[1].key == "evening.cancelled.paard"
    assert events[1].data == {**events[0].data, "version": 2, "reason": BOTH}


async def test_the_documents_name_what_is_there(harness: Harness) -> None:
    openapi = (await harness.api.get("/openapi.json")).json()
    asyncapi = (await harness.api.get("/asyncapi.json")).json()
    assert {"/partners", "/partners/{slug}/participants", "/evenings/{evening_id}/cancel"} <= set(openapi["paths"])
    assert "participant.enrolled" in str(asyncapi)
    assert "hr.<partner>.enrolments" in str(asyncapi)
    assert (await harness.api.get("/health/ready")).json() == {"status": "ready", "problems": [], "warnings": []}
