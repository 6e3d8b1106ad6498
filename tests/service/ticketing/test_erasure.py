"""Somebody is forgotten: their seat goes to others, the figures stay, and nothing leads to them any more."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness, scanned
from tests.support.probes import eventually
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_changed,
    evening_moved,
    left,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.allocation import tiebreaker
from ticketing.domain.refusals import RequestRefused
from ticketing.store import personal_pages
from ticketing.tickets.links import digest_of

NIGHT = evening(NEXT_YEAR, capacity=2)
ON_REQUEST = evening(NEXT_YEAR + timedelta(days=9), capacity=2, title="Dag", admission=Admission.ON_REQUEST)
DAY_OF_NIGHT = NEXT_YEAR.date()
ANS = str(person("ans"))


@pytest.fixture(autouse=True)
async def _full_evening(harness: Harness) -> None:
    """Ans and Bo have the two seats of the night, Cas and Dee wait."""
    harness.now = MONTH_BEFORE
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)


async def tables_that_name(harness: Harness, *signs: str) -> set[str]:
    """In which tables any of these stands, but for messages on their way out."""
    tables = await harness.everything()
    return {
        table for table in tables.keys() - {"outbox"} if any(sign in row for row in tables[table] for sign in signs)
    }


def signs_of(name: str) -> list[str]:
    """Returns the traces of somebody: their id, their name, and the lots calculated from their id."""
    lots = [tiebreaker(night.evening_id, person(name))[:8].hex() for night in (NIGHT, ON_REQUEST)]
    return [str(person(name)), f"{name.title()} de Vries", *lots]


async def a_busy_life(harness: Harness, api: httpx.AsyncClient) -> None:
    """Ans declined one evening, has a ticket of another one, is offered one, offers one, and was told of by keys."""
    await harness.apply(ON_REQUEST)
    await harness.ask_in_turn(ON_REQUEST, "bo", "cas")
    request = {"participant_id": ANS}
    for key in ("1", "2"):
        headers = bearer("desk") | {"idempotency-key": key}
        answer = await api.post(f"/evenings/{ON_REQUEST.evening_id}/tickets", json=request, headers=headers)
        assert answer.json()["state"] == "waiting"
    await harness.offer("bo", ON_REQUEST, "ans@example.com")
    await harness.decline("ans", ON_REQUEST)
    await harness.offer("ans", NIGHT, "dee@example.com")
    [secret] = await harness.secrets("ans", NIGHT)
    for path, body in (("pass-on", {"email": "cas@example.com"}), ("decline", None)):
        headers = {"Authorization": f"Bearer {secret}", "idempotency-key": path}
        await api.post(f"/tickets/{await harness.ticket('ans', NIGHT)}/{path}", json=body, headers=headers)
    await harness.ask_in_turn(NIGHT, "ans")


# Nothing leads to them


async def test_nothing_but_the_row_that_says_so_names_who_was_erased(harness: Harness, api: httpx.AsyncClient) -> None:
    await a_busy_life(harness, api)
    assert await tables_that_name(harness, *signs_of("ans")) == {
        "decisions",
        "idempotency_keys",
        "offers",
        "pages",
        "participants",
        "tickets",
        "wishes",
    }
    await harness.apply(erased("ans", 2))
    assert await tables_that_name(harness, ANS) == {"participants"}
    assert await tables_that_name(harness, *signs_of("ans")[1:]) == set()


async def test_of_the_person_the_id_remains_and_that_it_was_erased(harness: Harness) -> None:
    await harness.apply(erased("ans", 2))
    [row] = await harness.projection(["ans"])
    known = {field: value for field, value in row._mapping.items() if value}
    assert known == {"participant_id": person("ans"), "version": 2, "erased": True}


async def test_nobody_else_is_forgotten_with_them(harness: Harness, api: httpx.AsyncClient) -> None:
    await a_busy_life(harness, api)
    before = await harness.everything()
    await harness.apply(erased("ans", 2))
    after = await harness.everything()
    for table in ("pages", "wishes", "participants"):
        others = [row for row in before[table] if ANS not in row]
        assert [row for row in after[table] if ANS not in row] == others
    assert await harness.states(ON_REQUEST) == {"bo": "issued", "cas": "issued"}


async def test_their_links_open_nothing_any_more(harness: Harness, api: httpx.AsyncClient) -> None:
    [secret] = await harness.secrets("ans", NIGHT)
    await harness.apply(erased("ans", 2))
    async with harness.database.begin() as work:
        assert await personal_pages.owner(work, digest_of(secret)) is None
    headers = {"Authorization": f"Bearer {secret}"}
    assert (await api.post(f"/evenings/{NIGHT.evening_id}/tickets", headers=headers)).status_code == 401


async def test_offers_of_theirs_and_to_them_are_gone(harness: Harness) -> None:
    given = await harness.offer("ans", NIGHT, "cas@example.com")
    await harness.apply(ON_REQUEST)
    await harness.ask_in_turn(ON_REQUEST, "bo")
    received = await harness.offer("bo", ON_REQUEST, "ans@example.com")
    await harness.apply(erased("ans", 2))
    assert await harness.rows("select offer_id from offers") == []
    assert await harness.refusal(harness.accept("cas", given)) == "unknown-offer"
    assert await harness.refusal(harness.take_back("bo", received)) == "unknown-offer"
    # The ticket that was offered to Ans is Bo's to offer again.
    await harness.accept("dee", await harness.offer("bo", ON_REQUEST, "dee@example.com"))


async def test_a_remembered_answer_to_somebody_who_asked_is_gone(harness: Harness, api: httpx.AsyncClient) -> None:
    path, body = f"/evenings/{NIGHT.evening_id}/tickets", {"participant_id": ANS}
    headers = bearer("desk") | {"idempotency-key": "key-1"}
    assert (await api.post(path, json=body, headers=headers)).status_code == 200
    await harness.apply(erased("ans", 2))
    assert await harness.rows("select key from idempotency_keys") == []
    again = await api.post(path, json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "unknown-participant")


def scan_body(code: str) -> dict[str, Any]:
    return scanned(code, NIGHT, "s1").model_dump(mode="json")


async def test_a_remembered_answer_of_the_door_is_gone_and_the_scan_is_known(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    body, headers = scan_body(await harness.code("ans", NIGHT)), bearer("paard") | {"idempotency-key": "key-1"}
    first = await api.post("/admissions", json=body, headers=headers)
    assert first.json()["holder_name"] == "Ans de Vries"
    await harness.apply(erased("ans", 2))
    assert await harness.rows("select key from idempotency_keys") == []
    again = await api.post("/admissions", json=body, headers=headers)
    assert again.json() == first.json() | {"holder_name": "–"}
    assert await harness.counts(NIGHT) == (1, 1, 2)


async def test_answers_about_others_are_remembered_still(harness: Harness, api: httpx.AsyncClient) -> None:
    path, body = f"/evenings/{NIGHT.evening_id}/tickets", {"participant_id": str(person("bo"))}
    headers = bearer("desk") | {"idempotency-key": "key-1"}
    await api.post(path, json=body, headers=headers)
    await harness.apply(erased("ans", 2))
    again = await api.post(path, json=body, headers=headers)
    assert again.headers["idempotent-replay"] == "true"


async def test_an_answer_that_the_door_is_giving_while_they_are_erased_is_not_remembered(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    harness.now = NIGHT.starts_at
    body, headers = scan_body(await harness.code("ans", NIGHT)), bearer("paard") | {"idempotency-key": "key-1"}
    async with harness.database.begin() as work:
        # The door gets no further than letting them in, and not to its answer.
        await work.execute(text("lock table scans in exclusive mode"))
        scan = asyncio.create_task(api.post("/admissions", json=body, headers=headers))
        await eventually(harness.waiting_transactions, 1, "transactions that wait for a lock")
        erasure = asyncio.create_task(harness.apply(erased("ans", 2)))
        await eventually(harness.waiting_transactions, 2, "transactions that wait for a lock")
    assert (await scan).json()["outcome"] == "admitted"
    await erasure
    assert await tables_that_name(harness, "Ans de Vries") == set()


@pytest.mark.parametrize("rounds", range(3))
async def test_who_asks_while_they_are_erased_is_forgotten_all_the_same(
    harness: Harness, api: httpx.AsyncClient, rounds: int
) -> None:
    await harness.apply(ON_REQUEST)
    path, headers = f"/evenings/{ON_REQUEST.evening_id}/tickets", bearer("desk") | {"idempotency-key": "key-1"}
    answer, _ = await asyncio.gather(
        api.post(path, json={"participant_id": ANS}, headers=headers), harness.apply(erased("ans", 2))
    )
    assert answer.status_code in (201, 404)
    assert await tables_that_name(harness, ANS) == {"participants"}
    assert await harness.counts(ON_REQUEST) == (0, 0, 0)


# What they had


async def test_their_seat_goes_to_the_next_and_both_ends_are_published(harness: Harness) -> None:
    await harness.clear_outbox()
    ticket = str(await harness.ticket("ans", NIGHT))
    [cause] = await harness.apply(erased("ans", 2))
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    published = await harness.published()
    lost = [(each.to, each.type, each.data["reason"]) for each in published if each.data.get("ticket_id") == ticket]
    assert lost == [("core", "ticket.cancelled", "erased"), ("paard", "ticket.cancelled", "erased")]
    assert {each.correlation_id for each in published} == {cause.id}
    [completed] = await harness.published_of("erasure.completed")
    assert (completed.to, completed.data) == ("core", {"participant_id": ANS})


async def test_that_it_is_done_is_told_again_to_who_says_it_again(harness: Harness) -> None:
    await harness.apply(erased("ans", 2))
    known = await harness.everything()
    await harness.clear_outbox()
    await harness.apply(erased("ans", 2))
    assert [each.type for each in await harness.published()] == ["erasure.completed"]
    after = await harness.everything()
    assert {table for table in known if after[table] != known[table]} == {"outbox"}


async def test_somebody_never_heard_of_is_erased_as_well(harness: Harness) -> None:
    await harness.apply(erased("stranger", 2))
    assert len(await harness.published_of("erasure.completed")) == 1
    await harness.apply(enrolled("stranger"))
    assert "stranger" not in await harness.states(NIGHT)


async def test_who_waits_leaves_the_line(harness: Harness) -> None:
    await harness.apply(erased("cas", 2))
    assert await harness.line(NIGHT) == ["dee"]
    assert await harness.counts(NIGHT) == (2, 0, 1)


async def test_many_are_erased_at_once(harness: Harness) -> None:
    await harness.apply(*(erased(name, 2) for name in ("ans", "bo", "cas")))
    assert await harness.states(NIGHT) == {"dee": "issued"}
    signs = [sign for name in ("ans", "bo", "cas") for sign in signs_of(name)]
    assert await tables_that_name(harness, *signs) == {"participants"}
    assert len(await harness.published_of("erasure.completed")) == 3


async def test_of_a_ticket_passed_on_only_the_half_of_who_was_erased_is_forgotten(harness: Harness) -> None:
    code = await harness.code("ans", NIGHT)
    await harness.accept("cas", await harness.offer("ans", NIGHT, "cas@example.com"))
    await harness.apply(erased("ans", 2))
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    assert (await harness.scan(code, NIGHT, scan_id="s1")).refusal == "passed-on"
    assert await tables_that_name(harness, ANS) == {"participants"}


# The figures


async def test_decisions_stay_without_the_person_and_what_was_drawn_for_them(harness: Harness) -> None:
    before = await harness.rows("select decision_id, rule, figures from decisions order by 1")
    await harness.apply(erased("ans", 2))
    after = await harness.rows("select decision_id, rule, figures from decisions order by 1")
    assert [(row.decision_id, row.rule) for row in after[: len(before)]] == [
        (row.decision_id, row.rule) for row in before
    ]
    [first], [then] = (
        [row.figures for row in rows if row.decision_id == before[0].decision_id] for rows in (before, after)
    )
    assert then == {field: value for field, value in first.items() if field != "lot"}
    assert (await harness.decisions(NIGHT))[0] == ("-", "granted", "allotment")
    assert (await harness.decisions(NIGHT))[-2:] == [("-", "lost", "erased"), ("cas", "promoted", "allotment")]


async def test_an_evening_that_was_keeps_its_figures(harness: Harness, api: httpx.AsyncClient) -> None:
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    harness.now = NIGHT.ends_at
    seats = (await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer("desk"))).json()
    assert (seats["issued"], seats["admitted"], seats["waiting"]) == (1, 1, 2)
    await harness.apply(erased("ans", 2), erased("bo", 2))
    assert (await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer("desk"))).json() == seats
    tickets = (await api.get(f"/evenings/{NIGHT.evening_id}/tickets", headers=bearer("paard"))).json()["tickets"]
    assert {(each["state"], each["holder_name"]) for each in tickets} == {("admitted", "–"), ("issued", "–")}
    assert await tables_that_name(harness, *signs_of("ans"), *signs_of("bo")) == {"participants"}


async def test_who_went_in_early_keeps_the_seat_without_a_name(harness: Harness) -> None:
    await harness.scan(await harness.code("ans", NIGHT), NIGHT, scan_id="s1")
    await harness.apply(erased("ans", 2))
    assert await harness.counts(NIGHT) == (1, 1, 2)
    # It still counts: the seats are no more than they were.
    await harness.apply(evening_changed(NIGHT, 2, capacity=3))
    assert await harness.counts(NIGHT) == (2, 1, 1)


async def test_who_waits_for_an_evening_that_has_begun_is_taken_out_of_its_line(harness: Harness) -> None:
    harness.now = NIGHT.starts_at
    await harness.clear_outbox()
    await harness.apply(erased("cas", 2))
    assert await harness.line(NIGHT) == ["dee"]
    assert await harness.counts(NIGHT) == (2, 0, 1)
    assert [each.type for each in await harness.published()] == ["erasure.completed"]
    assert await tables_that_name(harness, *signs_of("cas")) == {"participants"}


async def test_a_ticket_of_an_evening_that_has_begun_still_opens_the_door_without_a_name(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    code = await harness.code("ans", NIGHT)
    harness.now = NIGHT.starts_at
    await harness.apply(erased("ans", 2))
    await harness.clear_outbox()
    answer = await api.post("/admissions", json=scan_body(code), headers=bearer("paard"))
    assert (answer.json()["outcome"], answer.json()["holder_name"]) == ("admitted", "–")
    # There is nothing to publish to the services.
    assert [(each.to, each.type) for each in await harness.published()] == [("paard", "ticket.admitted")]


async def test_a_ticket_without_a_name_comes_free_when_the_evening_is_put_off_after_all(harness: Harness) -> None:
    harness.now = NIGHT.starts_at
    await harness.apply(erased("ans", 2))
    assert await harness.counts(NIGHT) == (2, 0, 2)
    await harness.clear_outbox()
    await harness.apply(evening_moved(NIGHT, 2, timedelta(days=30)))
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    assert [(each.to, each.data["reason"]) for each in await harness.published_of("ticket.cancelled")] == [
        ("paard", "erased")
    ]
    assert ("-", "lost", "erased") in await harness.decisions(NIGHT)


# What comes after


async def test_late_news_brings_nothing_back(harness: Harness) -> None:
    await harness.apply(ON_REQUEST)
    await harness.apply(erased("ans", 3))
    known = await harness.everything()
    await harness.clear_outbox()
    await harness.apply(
        enrolled("ans"), changed("ans", 2), withdrawn("ans", 4, DAY_OF_NIGHT), enrolled("ans", 5), changed("ans", 6)
    )
    after = await harness.everything()
    assert {table for table in known if after[table] != known[table]} == {"outbox"}
    assert await harness.published() == []


async def test_no_later_event_gives_them_a_place_or_an_invitation(harness: Harness) -> None:
    await harness.apply(ON_REQUEST)
    await harness.apply(erased("ans", 2))
    await harness.clear_outbox()
    await harness.apply(left())
    await harness.apply(partner(version=3))
    await harness.apply(
        evening_changed(NIGHT, 2, capacity=9), evening_changed(ON_REQUEST, 2, admission=Admission.AUTOMATIC)
    )
    assert await harness.holders(NIGHT) == {"bo", "cas", "dee"}
    assert ANS not in {each.data.get("participant_id") for each in await harness.published()}
    for attempt in (harness.ask("ans", NIGHT), harness.pass_on("bo", NIGHT, "ans")):
        with pytest.raises(RequestRefused):
            await attempt


async def test_enrolled_and_erased_in_one_batch_is_never_having_been_there(harness: Harness) -> None:
    await harness.apply(erased("new", 2), enrolled("new"))
    assert "new" not in await harness.states(NIGHT)
    assert await tables_that_name(harness, *signs_of("new")) == {"participants"}
    assert {
        each.type for each in await harness.published() if each.data.get("participant_id") == str(person("new"))
    } == {"erasure.completed"}
