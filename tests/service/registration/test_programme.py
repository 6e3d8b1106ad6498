"""Evenings that are changed: what is told, which rules hold, and what becomes of two who do it at once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.service.registration import harness as usual
from tests.service.registration.harness import Harness


def evening(**fields: Any) -> dict[str, Any]:
    """The usual evening in years to come, with the same calendar: what moves here moves to days that have not been."""
    text = json.dumps(usual.evening()).replace("2027", "2038").replace("2026", "2037")
    return {**json.loads(text), **fields}


def moved(body: dict[str, Any], day: str) -> dict[str, Any]:
    """The same evening on another day (YYYY-MM-DD)."""
    return dict(json.loads(json.dumps(body).replace("2038-05-07", day)))


BOTH = {"nl": "Anders", "en": "Another"}
MAY_8 = moved(evening(), "2038-05-08")
TIMES = ("starts_at", "ends_at", "programme")


async def scheduled(harness: Harness, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """An evening in the programme."""
    answer = await harness.api.post("/evenings", json=body or evening())
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    return dict(answer.json())


async def patch(harness: Harness, planned: dict[str, Any], changes: dict[str, Any], etag: str | None = None) -> Any:
    """The answer to a change."""
    headers = {"if-match": etag} if etag else {}
    return await harness.api.patch(f"/evenings/{planned['evening_id']}", json=changes, headers=headers)


async def changed(harness: Harness, planned: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The evening after a change, which must be the next version."""
    answer = await patch(harness, planned, changes)
    assert answer.status_code == 200, answer.text
    after = dict(answer.json())
    assert (after["version"], answer.headers["etag"]) == (planned["version"] + 1, f'"{planned["version"] + 1}"')
    return after


async def read(harness: Harness, planned: dict[str, Any]) -> dict[str, Any]:
    """The evening as it is now."""
    answer = await harness.api.get(f"/evenings/{planned['evening_id']}")
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    return dict(answer.json())


def refused(answer: httpx.Response, status: int, code: str) -> list[str | None]:
    """The fields of a problem, which must be this one."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return [error["field"] for error in answer.json().get("errors", [])]


def on(day: str, offset: str) -> dict[str, Any]:
    """An evening at the usual time of day on a day with this offset in The Hague."""
    return dict(json.loads(json.dumps(moved(evening(), day)).replace("+02:00", offset)))


def only(body: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {name: body[name] for name in fields}


async def test_every_kind_of_field_can_be_changed_and_just_that_is_told(harness: Harness) -> None:
    await harness.register("acme")
    at_first = planned = await scheduled(harness)
    other_parts = [{**part, "title": BOTH} for part in evening()["programme"]]
    steps: list[tuple[dict[str, Any], list[str]]] = [
        ({"title": BOTH}, ["title"]),
        ({"theme": {**evening()["theme"], "en": "Another"}}, ["theme"]),
        ({"location": "Zij-ingang", "capacity": 300}, ["location", "capacity"]),
        ({"admission": "on_request", "capacity": 300}, ["admission"]),
        ({"programme": other_parts, "title": BOTH}, ["programme"]),
        ({"allotments": {"acme": 20}}, ["allotments"]),
        ({"allotments": None}, ["allotments"]),
        ({"release_at": "2038-05-01T12:00:00+02:00"}, ["release_at"]),
        ({"closes_at": "2038-05-07T12:00:00+02:00"}, ["closes_at"]),
        ({"ends_at": "2038-05-07T23:00:00+02:00"}, ["ends_at"]),
        ({"season": "2038-2039"}, ["season"]),
    ]
    for changes, _ in steps:
        before, planned = planned, await changed(harness, planned, **changes)
        assert planned == {**before, **changes, "version": before["version"] + 1}
        assert await read(harness, planned) == planned

    events = await harness.events.hears(len(steps), "evening.changed")
    assert [event.data["changed"] for event in events] == [fields for _, fields in steps]
    assert {event.key for event in events} == {"evening.changed.paard"}
    told = {name: value for name, value in planned.items() if name not in ("cancelled_at", "reason")}
    assert events[-1].data == {**told, "changed": ["season"]}
    assert [event.data["version"] for event in events] == list(range(2, len(steps) + 2))
    assert events[-1].data["evening_id"] == at_first["evening_id"]


async def test_a_change_that_changes_nothing_is_no_new_version_and_is_not_told(harness: Harness) -> None:
    planned = await scheduled(harness)
    same: list[dict[str, Any]] = [
        {},
        {"capacity": 250},
        {"venue": "paard"},
        {"starts_at": "2038-05-07T16:00:00Z"},
        {"release_at": None, "closes_at": None, "allotments": None},
        evening(),
    ]
    for changes in same:
        answer = await patch(harness, planned, changes)
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, planned, '"1"'), changes
    await changed(harness, planned, capacity=251)
    assert [event.data["version"] for event in await harness.events.hears(1, "evening.changed")] == [2]


async def test_release_and_closing_move_along_until_they_are_set_by_hand(harness: Harness) -> None:
    planned = await scheduled(harness)
    planned = await changed(harness, planned, **only(MAY_8, *TIMES))
    assert planned["release_at"] == "2038-05-01T18:00:00+02:00"
    assert planned["closes_at"] == "2038-05-08T16:00:00+02:00"

    planned = await changed(harness, planned, release_at="2038-04-20T12:00:00+02:00")
    planned = await changed(harness, planned, **only(moved(evening(), "2038-05-09"), *TIMES))
    assert planned["release_at"] == "2038-04-20T12:00:00+02:00"
    assert planned["closes_at"] == "2038-05-09T16:00:00+02:00"

    # What the change itself says counts, also where it was at its default.
    back = only(evening(), *TIMES)
    planned = await changed(harness, planned, **back, release_at=None, closes_at="2038-05-07T17:00:00+02:00")
    assert planned["release_at"] == "2038-04-30T18:00:00+02:00"
    assert planned["closes_at"] == "2038-05-07T17:00:00+02:00"
    planned = await changed(harness, planned, closes_at=None)
    assert planned["closes_at"] == "2038-05-07T16:00:00+02:00"

    events = await harness.events.hears(5, "evening.changed")
    assert [event.data["changed"] for event in events] == [
        ["starts_at", "ends_at", "release_at", "closes_at", "programme"],
        ["release_at"],
        ["starts_at", "ends_at", "closes_at", "programme"],
        ["starts_at", "ends_at", "release_at", "closes_at", "programme"],
        ["closes_at"],
    ]


async def test_what_results_must_be_a_valid_evening_as_a_whole(harness: Harness) -> None:
    await harness.register("acme")
    planned = await scheduled(harness, evening(allotments={"acme": 200}))
    cases: list[tuple[dict[str, Any], list[str | None]]] = [
        ({"starts_at": "2038-05-07T18:30:00+02:00"}, ["programme"]),
        ({"starts_at": MAY_8["starts_at"]}, ["ends_at", "programme"]),
        ({"ends_at": "2038-05-07T21:00:00+02:00"}, ["programme"]),
        ({"capacity": 199}, ["allotments"]),
        ({"allotments": {"acme": 251}}, ["allotments"]),
        ({"allotments": {"acme": 1, "nobody": 1}}, ["allotments.nobody"]),
        ({"capacity": None}, ["capacity"]),
        ({"capacity": 0, "colour": "red"}, ["capacity", "colour"]),
        ({"title": {"nl": "Alleen Nederlands"}}, ["title.en"]),
        ({"release_at": "2038-05-07T18:00:00+02:00"}, ["release_at"]),
        ({"closes_at": "2038-05-07T18:00:00"}, ["closes_at"]),
        ({"programme": evening()["programme"][1:]}, ["programme"]),
        ({"season": "2037"}, ["season"]),
        ({"evening_id": planned["evening_id"]}, ["evening_id"]),
        ({"version": 2}, ["version"]),
        ({"cancelled_at": "2038-05-01T12:00:00Z"}, ["cancelled_at"]),
        ({"venue": "ndt"}, ["venue"]),
        ({"venue": "elsewhere", "capacity": 1}, ["venue"]),
    ]
    for changes, fields in cases:
        assert refused(await patch(harness, planned, changes), 422, "invalid-request") == fields, changes
    unknown = {"evening_id": "5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01"}
    assert refused(await patch(harness, unknown, {"capacity": 1}), 404, "not-found") == []
    assert refused(await harness.api.patch(f"/evenings/{planned['evening_id']}", json=[1]), 422, "invalid-request")
    assert await read(harness, planned) == planned
    await changed(harness, planned, capacity=200)
    assert len(await harness.events.hears(1, "evening.changed")) == 1


async def test_a_change_keeps_the_days_of_a_season_apart(harness: Harness) -> None:
    first = await scheduled(harness)
    second = await scheduled(harness, {**MAY_8, "venue": "ndt"})
    assert refused(await patch(harness, second, only(evening(), *TIMES)), 409, "day-taken") == []
    next_season = await scheduled(harness, evening(season="2038-2039", venue="ndt"))
    assert refused(await patch(harness, next_season, {"season": "2037-2038"}), 409, "day-taken") == []
    assert [await read(harness, each) for each in (second, next_season)] == [second, next_season]

    # Within its own day an evening may move, and a day that was called off is free.
    await changed(harness, first, ends_at="2038-05-07T23:00:00+02:00")
    await harness.api.post(f"/evenings/{first['evening_id']}/cancel")
    await changed(harness, second, **only(evening(), *TIMES))
    assert refused(await patch(harness, next_season, {"season": "2037-2038"}), 409, "day-taken") == []


async def test_a_day_is_one_in_the_hague(harness: Harness) -> None:
    await scheduled(harness)
    # Half past midnight on the 8th, which is the 7th in Greenwich: beside the evening of the 7th, not beside the 8th's.
    late = evening(venue="ndt", starts_at="2038-05-07T22:30:00Z", ends_at="2038-05-08T02:00:00Z")
    for part, (begins, ends) in zip(late["programme"], [("22:30", "23:00")] * 2 + [("23:00", "23:30")], strict=True):
        part |= {"starts_at": f"2038-05-07T{begins}:00Z", "ends_at": f"2038-05-07T{ends}:00Z"}
    await scheduled(harness, late)
    taken = await harness.api.post("/evenings", json=MAY_8)
    assert refused(taken, 409, "day-taken") == []


async def test_seats_are_released_a_week_before_on_the_clocks_of_the_hague_also_when_these_change(
    harness: Harness,
) -> None:
    for *first_day, release_at, then, moved_to in [
        ("2038-03-29", "+02:00", "2038-03-22T18:00:00+01:00", "2038-04-05", "2038-03-29T18:00:00+02:00"),
        ("2037-10-25", "+01:00", "2037-10-18T18:00:00+02:00", "2037-10-26", "2037-10-19T18:00:00+02:00"),
        ("2037-10-27", "+01:00", "2037-10-20T18:00:00+02:00", "2037-11-02", "2037-10-26T18:00:00+01:00"),
    ]:
        planned = await scheduled(harness, on(*first_day))
        assert planned["release_at"] == release_at
        planned = await changed(harness, planned, **only(on(then, first_day[1]), *TIMES))
        assert planned["release_at"] == moved_to


async def test_who_read_another_version_does_not_overwrite_it(harness: Harness) -> None:
    planned = await scheduled(harness)
    seen = '"1"'
    planned = await changed(harness, planned, capacity=251)
    for stale in (seen, '"3"', 'W/"2"', '"two"', '"1", "3"'):
        assert refused(await patch(harness, planned, {"capacity": 300}, stale), 412, "precondition-failed") == []
        cancelling = await harness.api.post(f"/evenings/{planned['evening_id']}/cancel", headers={"if-match": stale})
        assert refused(cancelling, 412, "precondition-failed") == []
    for malformed in ("2", "", "'2'"):
        answer = await harness.api.patch(
            f"/evenings/{planned['evening_id']}", json={"capacity": 300}, headers={"if-match": malformed}
        )
        assert refused(answer, 422, "invalid-request") == ["header.if-match"]
    assert await read(harness, planned) == planned
    for number, fresh in enumerate(('"2"', '"1", "3"', "*"), start=3):
        answer = await patch(harness, planned, {"capacity": 300 + number}, fresh)
        assert (answer.status_code, answer.json()["version"]) == (200, number)
    assert [event.data["version"] for event in await harness.events.hears(4, "evening.changed")] == [2, 3, 4, 5]


async def test_of_two_changes_at_once_with_one_etag_one_is_done(harness: Harness) -> None:
    planned = await scheduled(harness)
    answers = await asyncio.gather(*(patch(harness, planned, {"capacity": 300 + n}, '"1"') for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    [done] = [answer.json() for answer in answers if answer.status_code == 200]
    assert await read(harness, planned) == done


async def test_of_two_evenings_that_move_to_one_day_at_once_one_does(harness: Harness) -> None:
    evenings = [await scheduled(harness, moved(evening(), f"2038-05-{day}")) for day in (10, 11, 12)]
    answers = await asyncio.gather(*(patch(harness, each, only(MAY_8, *TIMES)) for each in evenings))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    listed = (await harness.api.get("/evenings")).json()["items"]
    assert sum(each["starts_at"].startswith("2038-05-08") for each in listed) == 1
    assert len(await harness.events.hears(1, "evening.changed")) == 1


async def test_an_evening_that_was_called_off_does_not_change_any_more(harness: Harness) -> None:
    planned = await scheduled(harness)
    path = f"/evenings/{planned['evening_id']}/cancel"
    called_off = await harness.api.post(path, json={"reason": BOTH}, headers={"if-match": '"1"'})
    assert (called_off.status_code, called_off.json()["version"], called_off.headers["etag"]) == (200, 2, '"2"')

    # Whoever asks again, with whatever version, hears that it is done.
    again = await harness.api.post(path, headers={"if-match": '"1"'})
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, called_off.json(), '"2"')
    assert refused(await patch(harness, planned, {"capacity": 300}), 409, "evening-cancelled") == []
    assert refused(await patch(harness, planned, {}), 409, "evening-cancelled") == []
    assert refused(await patch(harness, planned, {"capacity": 300}, '"1"'), 412, "precondition-failed") == []
    assert await read(harness, planned) == called_off.json()


async def test_an_evening_does_not_move_into_the_past(harness: Harness) -> None:
    planned = await scheduled(harness)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    for day in ("2001-12-31", "2020-05-07", yesterday):
        answer = await patch(harness, planned, only(moved(evening(), day), *TIMES))
        assert refused(answer, 422, "invalid-request") == ["starts_at"], day
        assert answer.json()["errors"][0]["code"] == "in_the_past"
    assert await read(harness, planned) == planned
    await changed(harness, planned, capacity=251)
    assert [event.data["version"] for event in await harness.events.hears(1, "evening.changed")] == [2]


async def test_an_evening_that_is_over_can_be_corrected_but_for_its_start(harness: Harness) -> None:
    planned = await scheduled(harness, moved(evening(), "2020-05-07"))
    planned = await changed(harness, planned, title=BOTH, ends_at="2020-05-07T23:00:00+02:00")
    same_start = only(planned, "starts_at")
    assert (await patch(harness, planned, same_start)).status_code == 200
    answer = await patch(harness, planned, {"starts_at": "2020-05-07T17:30:00+02:00"})
    assert refused(answer, 422, "invalid-request") == ["starts_at"]
    await changed(harness, planned, **only(evening(), *TIMES))
