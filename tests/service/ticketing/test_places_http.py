"""Asking, declining and passing on over HTTP; and what a scanner takes along for when it is offline."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from culture_connect.contracts import Admission, EveningScheduled
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import enrolled, evening, evening_cancelled, partner, person, withdrawn

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
OTHER_NIGHT = evening(NEXT_YEAR + timedelta(days=9), title="Dag", admission=Admission.ON_REQUEST)
DESK = bearer("desk")
TICKETS = f"/evenings/{NIGHT.evening_id}/tickets"


@pytest.fixture(autouse=True)
async def _invited(harness: Harness) -> None:
    """Four people of acme and one of zeebank are invited to two evenings."""
    harness.now = MONTH_BEFORE
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]))
    await harness.apply(partner("zeebank", places=1), enrolled("zoe", partner="zeebank"), NIGHT, OTHER_NIGHT)


async def own(harness: Harness, name: str, night: EveningScheduled = NIGHT) -> dict[str, str]:
    """The secret of somebody's page for the evening, as a bearer token."""
    return {"Authorization": f"Bearer {(await harness.secrets(name, night))[-1]}"}


def seat_request(name: str) -> dict[str, str]:
    return {"participant_id": str(person(name))}


def path_of(ticket: UUID, action: str) -> str:
    return f"/tickets/{ticket}/{action}"


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """A problem document (RFC 9457) of this status and code, which says in words what is wrong."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:culture-connect:problem:{code}"
    assert problem["title"]
    return problem


def fields_of(problem: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in problem["errors"]]


# Asking


async def test_the_team_asks_for_somebody_and_gets_the_place(api: httpx.AsyncClient, harness: Harness) -> None:
    answer = await api.post(TICKETS, json=seat_request("ans"), headers=DESK)
    assert answer.status_code == 201
    assert answer.json() == {
        "ticket_id": str(await harness.ticket("ans", NIGHT)),
        "evening_id": str(NIGHT.evening_id),
        "participant_id": str(person("ans")),
        "state": "issued",
        "position": None,
        "reason": None,
    }
    again = await api.post(TICKETS, json=seat_request("ans"), headers=DESK)
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_who_has_to_wait_gets_their_place_on_the_waiting_list(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    harness.wait()
    answer = await api.post(TICKETS, json=seat_request("dee"), headers=DESK)
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["position"]) == ("waiting", 2)
    await harness.decline("cas", NIGHT)
    again = await api.post(TICKETS, json=seat_request("dee"), headers=DESK)
    assert (again.status_code, again.json()["position"]) == (200, 1)


@pytest.mark.parametrize("body", [None, {}, {"participant_id": None}, seat_request("ans")])
async def test_somebody_asks_for_themselves_with_the_secret_of_their_page(
    api: httpx.AsyncClient, harness: Harness, body: dict[str, Any] | None
) -> None:
    answer = await api.post(TICKETS, json=body, headers=await own(harness, "ans"))
    assert (answer.status_code, answer.json()["participant_id"]) == (201, str(person("ans")))
    assert await harness.holders(NIGHT) == {"ans"}


async def test_nobody_asks_for_somebody_else(api: httpx.AsyncClient, harness: Harness) -> None:
    headers = await own(harness, "ans")
    check_problem(await api.post(TICKETS, json=seat_request("bo"), headers=headers), 403, "not-yours")
    assert await harness.states(NIGHT) == {}


async def test_a_secret_is_for_its_own_evening_only(api: httpx.AsyncClient, harness: Harness) -> None:
    headers = await own(harness, "ans", OTHER_NIGHT)
    check_problem(await api.post(TICKETS, headers=headers), 403, "not-yours")
    assert await harness.states(NIGHT) == {}


async def test_the_team_has_to_say_who_asks(api: httpx.AsyncClient) -> None:
    bodies: list[dict[str, str] | None] = [None, {}]
    for body in bodies:
        problem = check_problem(await api.post(TICKETS, json=body, headers=DESK), 422, "invalid-request")
        assert fields_of(problem) == [("participant_id", "missing")]


async def test_what_is_no_id_is_named(api: httpx.AsyncClient) -> None:
    answer = await api.post(TICKETS, json={"participant_id": "ans"}, headers=DESK)
    assert fields_of(check_problem(answer, 422, "invalid-request")) == [("participant_id", "not_a_uuid")]
    answer = await api.post("/evenings/tonight/tickets", json=seat_request("ans"), headers=DESK)
    assert fields_of(check_problem(answer, 422, "invalid-request")) == [("path.evening_id", "not_a_uuid")]


async def test_what_is_not_there_is_404_and_what_cannot_be_now_is_409(api: httpx.AsyncClient, harness: Harness) -> None:
    nowhere = f"/evenings/{uuid4()}/tickets"
    check_problem(await api.post(nowhere, json=seat_request("ans"), headers=DESK), 404, "unknown-evening")
    check_problem(await api.post(TICKETS, json=seat_request("nobody"), headers=DESK), 404, "unknown-participant")
    await harness.apply(withdrawn("bo", 2, NEXT_YEAR.date()))
    check_problem(await api.post(TICKETS, json=seat_request("bo"), headers=DESK), 409, "not-active")
    harness.now = NIGHT.starts_at
    check_problem(await api.post(TICKETS, json=seat_request("ans"), headers=DESK), 409, "evening-begun")
    await harness.apply(evening_cancelled(NIGHT, 2))
    check_problem(await api.post(TICKETS, json=seat_request("ans"), headers=DESK), 409, "evening-cancelled")


# Declining


async def test_the_team_declines_for_somebody(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    ticket = await harness.ticket("ans", NIGHT)
    answer = await api.post(path_of(ticket, "decline"), headers=DESK)
    assert answer.status_code == 200
    assert answer.json() == {
        "ticket_id": str(ticket),
        "evening_id": str(NIGHT.evening_id),
        "participant_id": str(person("ans")),
        "state": "cancelled",
        "position": None,
        "reason": "declined",
    }
    assert await harness.holders(NIGHT) == {"bo", "cas"}
    again = await api.post(path_of(ticket, "decline"), headers=DESK)
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_somebody_declines_their_own_ticket_with_the_secret_of_their_page(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    answer = await api.post(path_of(await harness.ticket("ans", NIGHT), "decline"), headers=await own(harness, "ans"))
    assert (answer.status_code, answer.json()["reason"]) == (200, "declined")


async def test_nobody_declines_with_the_secret_of_somebody_else(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path = path_of(await harness.ticket("ans", NIGHT), "decline")
    check_problem(await api.post(path, headers=await own(harness, "bo")), 403, "not-yours")
    assert await harness.holders(NIGHT) == {"ans"}


async def test_what_cannot_be_declined_says_why(api: httpx.AsyncClient, harness: Harness) -> None:
    check_problem(await api.post(path_of(uuid4(), "decline"), headers=DESK), 404, "unknown-ticket")
    await harness.ask_in_turn(NIGHT, "ans", "bo")
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    for name, code in (("ans", "already-admitted"), ("bo", "evening-begun")):
        harness.now = NIGHT.starts_at
        check_problem(await api.post(path_of(await harness.ticket(name, NIGHT), "decline"), headers=DESK), 409, code)


# Passing on


async def test_the_team_passes_a_ticket_on_at_once(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path = path_of(await harness.ticket("ans", NIGHT), "pass-on")
    answer = await api.post(path, json={"participant_id": str(person("bo"))}, headers=DESK)
    assert answer.status_code == 200
    assert answer.json() == {
        "ticket_id": str(await harness.ticket("bo", NIGHT)),
        "evening_id": str(NIGHT.evening_id),
        "participant_id": str(person("bo")),
        "state": "issued",
        "position": None,
        "reason": None,
    }
    assert await harness.holders(NIGHT) == {"bo"}


@pytest.mark.parametrize("by", ["desk", "ans"])
async def test_a_colleague_named_by_their_address_is_asked_first(
    api: httpx.AsyncClient, harness: Harness, by: str
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    ticket = await harness.ticket("ans", NIGHT)
    headers = DESK if by == "desk" else await own(harness, "ans")
    answer = await api.post(path_of(ticket, "pass-on"), json={"email": " BO@Example.com"}, headers=headers)
    assert answer.status_code == 202
    [offered] = await harness.published_of("ticket.offered")
    assert answer.json() == {"offer_id": offered.data["offer_id"], "ticket_id": str(ticket)}
    assert await harness.holders(NIGHT) == {"ans"}
    await harness.accept("bo", UUID(answer.json()["offer_id"]))
    assert await harness.holders(NIGHT) == {"bo"}


async def test_somebody_cannot_pass_a_ticket_on_over_the_head_of_their_colleague(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path = path_of(await harness.ticket("ans", NIGHT), "pass-on")
    answer = await api.post(path, json={"participant_id": str(person("bo"))}, headers=await own(harness, "ans"))
    check_problem(answer, 403, "insufficient-scope")
    assert await harness.holders(NIGHT) == {"ans"}


async def test_nobody_passes_on_with_the_secret_of_somebody_else(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path = path_of(await harness.ticket("ans", NIGHT), "pass-on")
    answer = await api.post(path, json={"email": "bo@example.com"}, headers=await own(harness, "bo"))
    check_problem(answer, 403, "not-yours")
    assert await harness.published_of("ticket.offered") == []


TO_NOBODY: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({}, ("email", "missing")),
    ({"email": None, "participant_id": None}, ("email", "missing")),
    ({"email": "bo@example.com", "participant_id": str(person("bo"))}, ("email", "not_allowed")),
    ({"participant_id": "bo"}, ("participant_id", "not_a_uuid")),
    ({"participant_id": "bo", "email": "bo@example.com"}, ("participant_id", "not_a_uuid")),
    ({"email": "bo.at.example.com"}, ("email", "not_an_address")),
    ({"email": 7}, ("email", "not_a_string")),
    ({"email": "bo@example.com\r\nBcc: cas@example.com"}, ("email", "control_character")),
]


async def test_a_body_that_does_not_say_to_whom_is_a_problem_that_names_the_field(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path = path_of(await harness.ticket("ans", NIGHT), "pass-on")
    for body, error in TO_NOBODY:
        answer = await api.post(path, json=body, headers=DESK)
        assert fields_of(check_problem(answer, 422, "invalid-request")) == [error]
        assert "example.com" not in answer.text
    assert await harness.holders(NIGHT) == {"ans"}


async def test_an_offer_is_answered_in_the_same_way_whoever_is_at_the_address(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans", "bo")
    ticket = await harness.ticket("ans", NIGHT)
    path = path_of(ticket, "pass-on")
    for name in ("nobody", "zoe", "bo", "cas"):
        answer = await api.post(path, json={"email": f"{name}@example.com"}, headers=await own(harness, "ans"))
        assert answer.status_code == 202
        assert set(answer.json()) == {"offer_id", "ticket_id"}
    answer = await api.post(path, json={"email": "ans@example.com"}, headers=DESK)
    check_problem(answer, 409, "oneself")
    answer = await api.post(path_of(uuid4(), "pass-on"), json={"email": "bo@example.com"}, headers=DESK)
    check_problem(answer, 404, "unknown-ticket")


async def test_whoever_tries_one_address_after_the_other_is_told_to_come_back(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path, headers = path_of(await harness.ticket("ans", NIGHT), "pass-on"), await own(harness, "ans")
    for number in range(5):
        answer = await api.post(path, json={"email": f"guess{number}@example.com"}, headers=headers)
        assert answer.status_code == 202
    answer = await api.post(path, json={"email": "cas@example.com"}, headers=headers)
    check_problem(answer, 429, "too-many-offers")
    assert 0 < int(answer.headers["retry-after"]) <= 24 * 60 * 60
    assert await harness.published_of("ticket.offered") == []


# Who calls

Call = Callable[[UUID], tuple[str, dict[str, str]]]
CALLS: dict[str, Call] = {
    "ask": lambda _: (TICKETS, seat_request("ans")),
    "decline": lambda ticket: (path_of(ticket, "decline"), {}),
    "pass on": lambda ticket: (path_of(ticket, "pass-on"), {"email": "bo@example.com"}),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_only_the_team_and_the_owner_of_a_secret_may_do_anything(
    api: httpx.AsyncClient, harness: Harness, call: Call
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path, body = call(await harness.ticket("ans", NIGHT))
    known = await harness.everything()
    anonymous = await api.post(path, json=body)
    check_problem(anonymous, 401, "unauthenticated")
    assert "invalid_token" not in anonymous.headers["www-authenticate"]
    for secret in ("AAAAAAAAAAAAAAAAAAAAAA", "x", "paard"):
        unknown = await api.post(path, json=body, headers={"Authorization": f"Bearer {secret}"})
        check_problem(unknown, 401, "unauthenticated")
        assert 'error="invalid_token"' in unknown.headers["www-authenticate"]
    for other in ("paard", "acme"):
        check_problem(await api.post(path, json=body, headers=bearer(other)), 403, "insufficient-scope")
    assert await harness.everything() == known


@pytest.mark.parametrize("action", ["decline", "pass on"])
async def test_a_secret_opens_nothing_of_another_evening_of_the_same_person(
    api: httpx.AsyncClient, harness: Harness, action: str
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    path, body = CALLS[action](await harness.ticket("ans", NIGHT))
    known = await harness.everything()
    check_problem(await api.post(path, json=body, headers=await own(harness, "ans", OTHER_NIGHT)), 403, "not-yours")
    assert await harness.everything() == known


async def test_every_link_somebody_got_is_a_token_and_no_token_is_a_link(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    secrets = await harness.secrets("ans", NIGHT)
    assert len(secrets) == 2
    for secret in secrets:
        answer = await api.post(TICKETS, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200
        seats = await api.get(f"/evenings/{NIGHT.evening_id}", headers={"Authorization": f"Bearer {secret}"})
        check_problem(seats, 401, "unauthenticated")


# Requests that are repeated


async def test_a_request_repeated_with_its_key_gets_its_first_answer(api: httpx.AsyncClient, harness: Harness) -> None:
    headers = DESK | {"idempotency-key": "key-1"}
    first = await api.post(TICKETS, json=seat_request("ans"), headers=headers)
    await harness.decline("ans", NIGHT)
    again = await api.post(TICKETS, json=seat_request("ans"), headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert await harness.states(NIGHT) == {}


async def test_a_key_is_for_one_request(api: httpx.AsyncClient, harness: Harness) -> None:
    headers = DESK | {"idempotency-key": "key-1"}
    await api.post(TICKETS, json=seat_request("ans"), headers=headers)
    check_problem(await api.post(TICKETS, json=seat_request("bo"), headers=headers), 422, "idempotency-key-reused")
    elsewhere = f"/evenings/{OTHER_NIGHT.evening_id}/tickets"
    check_problem(await api.post(elsewhere, json=seat_request("ans"), headers=headers), 422, "idempotency-key-reused")
    assert await harness.holders(NIGHT) == {"ans"}


async def test_what_was_declined_or_offered_is_so_once_however_often_it_is_sent(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    offering, declining = (
        (path_of(await harness.ticket("ans", NIGHT), "pass-on"), {"email": "dee@example.com"}),
        (path_of(await harness.ticket("bo", NIGHT), "decline"), None),
    )
    for path, body in (offering, declining):
        answers = [await api.post(path, json=body, headers=DESK | {"idempotency-key": "k"}) for _ in range(3)]
        assert answers[0].json() == answers[1].json() == answers[2].json()
        assert [answer.headers.get("idempotent-replay") for answer in answers] == [None, "true", "true"]
    assert len(await harness.published_of("ticket.offered")) == 1
    assert await harness.holders(NIGHT) == {"ans", "cas"}


async def test_the_keys_of_two_people_are_their_own(api: httpx.AsyncClient, harness: Harness) -> None:
    for name in ("ans", "bo"):
        answer = await api.post(TICKETS, headers=await own(harness, name) | {"idempotency-key": "key-1"})
        assert (answer.status_code, answer.json()["participant_id"]) == (201, str(person(name)))


async def test_what_was_refused_may_be_tried_again_with_the_same_key(api: httpx.AsyncClient, harness: Harness) -> None:
    headers = DESK | {"idempotency-key": "key-1"}
    check_problem(await api.post(TICKETS, json=seat_request("late"), headers=headers), 404, "unknown-participant")
    await harness.apply(enrolled("late"))
    answer = await api.post(TICKETS, json=seat_request("late"), headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (201, "issued")


# The bundle of a scanner

BUNDLE = f"/evenings/{NIGHT.evening_id}/bundle"


async def test_a_bundle_has_the_hash_of_every_code_that_counts_and_no_code(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    gone = await harness.code("ans", NIGHT)
    await harness.decline("ans", NIGHT)
    await harness.scan(await harness.code("bo", NIGHT), NIGHT, scan_id="s1")
    answer = await api.get(BUNDLE, headers=bearer("paard"))
    codes = {name: await harness.code(name, NIGHT) for name in ("bo", "cas")}
    assert answer.status_code == 200
    entries = answer.json()["entries"]
    assert entries == sorted(entries, key=lambda each: each["code_sha256"])
    assert {each["code_sha256"]: each for each in entries} == {
        sha256(code.encode()).hexdigest(): {
            "code_sha256": sha256(code.encode()).hexdigest(),
            "holder_name": f"{name.title()} de Vries",
            "partner_name": "Acme",
            "admitted_at": NIGHT.starts_at.isoformat().replace("+00:00", "Z") if name == "bo" else None,
        }
        for name, code in codes.items()
    }
    assert answer.json()["evening_id"] == str(NIGHT.evening_id)
    assert not any(code in answer.text for code in (gone, *codes.values()))


async def test_a_passed_on_ticket_is_in_the_bundle_under_its_new_code_only(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    await harness.pass_on("ans", NIGHT, "bo")
    [entry] = (await api.get(BUNDLE, headers=bearer("paard"))).json()["entries"]
    assert entry["code_sha256"] == sha256((await harness.code("bo", NIGHT)).encode()).hexdigest()
    assert entry["holder_name"] == "Bo de Vries"


async def test_a_bundle_that_did_not_change_is_not_sent_again(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.ask_in_turn(NIGHT, "ans")
    first = await api.get(BUNDLE, headers=bearer("paard"))
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await api.get(BUNDLE, headers=bearer("paard") | {"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await harness.ask_in_turn(NIGHT, "bo")
    changed = await api.get(BUNDLE, headers=bearer("paard") | {"if-none-match": tag})
    assert (changed.status_code, len(changed.json()["entries"])) == (200, 2)
    assert changed.headers["etag"] != tag


async def test_a_bundle_is_for_the_box_office_of_the_venue_and_the_team(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    for allowed in ("paard", "desk"):
        assert (await api.get(BUNDLE, headers=bearer(allowed))).status_code == 200
    for other in ("ndt", "acme"):
        check_problem(await api.get(BUNDLE, headers=bearer(other)), 403, "insufficient-scope")
    check_problem(await api.get(BUNDLE), 401, "unauthenticated")
    check_problem(await api.get(BUNDLE, headers=await own(harness, "ans")), 401, "unauthenticated")


async def test_an_evening_that_there_is_not_has_no_bundle(api: httpx.AsyncClient) -> None:
    nowhere = f"/evenings/{uuid4()}/bundle"
    check_problem(await api.get(nowhere, headers=bearer("paard")), 404, "not-found")
    check_problem(await api.get(nowhere, headers=bearer("acme")), 403, "insufficient-scope")
