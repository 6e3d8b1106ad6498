"""Decisions about seats: recorded with the figures that were compared, and shown to the team."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from culture_connect.contracts import Admission, EveningScheduled, Language
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    left,
    partner,
    partner_changed,
    person,
    withdrawn,
)
from ticketing.domain.allocation import tiebreaker
from ticketing.pages.explanations import explain

NIGHT = evening(NEXT_YEAR, capacity=6)
DAY_OF_NIGHT = NEXT_YEAR.date()
ACME, ZEEBANK = ["a1", "a2", "a3", "a4"], ["z1", "z2", "z3"]
PLACES = {"acme": 2, "zeebank": 2, "gemeente": 1}


@pytest.fixture(autouse=True)
async def _three_organisations(harness: Harness) -> None:
    """Four people of acme and three of zeebank for two seats each; one seat is kept for gemeente, one for all."""
    harness.now = MONTH_BEFORE
    await harness.apply(*(partner(slug, places=places) for slug, places in PLACES.items()))
    await harness.apply(*map(enrolled, ACME), *(enrolled(name, partner="zeebank") for name in ZEEBANK))


async def kept(harness: Harness, night: EveningScheduled = NIGHT) -> list[Any]:
    """All decisions about an evening, in order, with their figures; `name` is whom they are about."""
    names = {person(name): name for name in (*ACME, *ZEEBANK, "g1", "g2", "late")}
    rows = await harness.rows(
        "select * from decisions where evening_id = :evening order by decision_id", evening=night.evening_id
    )
    return [(names.get(row.participant_id), row.outcome, row.rule, row.figures) for row in rows]


def check_sums(round_: Sequence[Any], *, held: dict[str, int], waiting: int = 0) -> None:
    """Checks the record of one round step by step from the seats `held` by partner before it.

    `waiting` is how many competed and stayed behind without a decision, as they do when a seat comes free.
    """
    before, held = dict(held), dict(held)
    pool = 6 - sum(PLACES.values()) - sum(max(0, held.get(slug, 0) - kept_) for slug, kept_ in PLACES.items())
    turns: dict[str, int] = {}
    last = None
    for place, (name, outcome, rule, figures) in enumerate(round_, start=1):
        slug = {"a": "acme", "z": "zeebank", "g": "gemeente"}[name[0]]
        turns[slug] = turns.get(slug, 0) + 1
        fill = f"{before.get(slug, 0) + turns[slug]}/{PLACES[slug]}"
        compared = {"other_evenings": 0, "fill": fill, "requested_at": figures["requested_at"]}
        assert figures == compared | {
            "capacity": 6,
            "held": sum(held.values()),
            "allotment": PLACES[slug],
            "partner_held": held.get(slug, 0),
            "pool_left": pool,
            "lot": tiebreaker(NIGHT.evening_id, person(name))[:8].hex(),
            "place": place,
            "competing": len(round_) + waiting,
            "last_served": last,
        }
        if sum(held.values()) == 6:
            expected = "full"
        elif held.get(slug, 0) < PLACES[slug]:
            expected = "allotment"
        else:
            expected = "common-pool" if pool else "allotment-used"
        assert (rule, outcome in ("granted", "promoted")) == (expected, expected in ("allotment", "common-pool"))
        if outcome != "waiting":
            last = compared
            held[slug] = held.get(slug, 0) + 1
            pool -= rule == "common-pool"


# Rounds


async def test_every_grant_and_wait_of_a_round_is_kept_with_figures_that_add_up(harness: Harness) -> None:
    await harness.apply(NIGHT)
    round_ = await kept(harness)
    assert [each[:3] for each in round_] == [
        ("a1", "granted", "allotment"),
        ("z1", "granted", "allotment"),
        ("a2", "granted", "allotment"),
        ("z2", "granted", "allotment"),
        ("a3", "granted", "common-pool"),
        ("z3", "waiting", "allotment-used"),
        ("a4", "waiting", "allotment-used"),
    ]
    check_sums(round_, held={})


async def test_who_comes_to_a_full_evening_waits_because_it_is_full(harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.apply(*(enrolled(name, partner="gemeente") for name in ("g1", "g2")))
    round_ = (await kept(harness))[-2:]
    assert [each[:3] for each in round_] == [("g1", "granted", "allotment"), ("g2", "waiting", "full")]
    check_sums(round_, held={"acme": 3, "zeebank": 2})


async def test_a_promotion_is_kept_with_the_figures_of_its_moment(harness: Harness) -> None:
    await harness.apply(NIGHT)
    known = len(await kept(harness))
    await harness.decline("z1", NIGHT)
    loss, promotion = (await kept(harness))[known:]
    assert loss == ("z1", "lost", "declined", {})
    assert promotion[:3] == ("z3", "promoted", "allotment")
    # Of acme nobody could have got the seat: its people did not compete.
    check_sums([promotion], held={"acme": 3, "zeebank": 1})
    await harness.decline("a1", NIGHT)
    *_, loss, promotion = await kept(harness)
    assert (loss[:3], promotion[:3]) == (("a1", "lost", "declined"), ("a4", "promoted", "common-pool"))
    check_sums([promotion], held={"acme": 2, "zeebank": 2})


async def test_a_promotion_by_the_release_says_so(harness: Harness) -> None:
    await harness.apply(NIGHT)
    harness.now = NIGHT.release_at
    await harness.run_due()
    name, outcome, rule, figures = (await kept(harness))[-1]
    # One seat for two: zeebank's next would be its third on two seats, acme's its fourth.
    assert (name, outcome, rule) == ("z3", "promoted", "released")
    assert (figures["held"], figures["capacity"], figures["place"]) == (5, 6, 1)
    assert figures["fill"] == "3/2"


async def test_a_grant_after_the_release_says_so(harness: Harness) -> None:
    await harness.apply(evening_changed(NIGHT, 1, capacity=9))
    harness.now = NIGHT.release_at
    await harness.run_due()
    assert await harness.decisions(NIGHT, "a4") == [("a4", "granted", "common-pool")]
    await harness.apply(enrolled("late"))
    assert await harness.decisions(NIGHT, "late") == [("late", "granted", "released")]


async def test_a_ticket_of_a_colleague_is_a_grant_that_compared_nothing(harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.pass_on("a1", NIGHT, "a4")
    assert (await kept(harness))[-2:] == [("a1", "lost", "passed-on", {}), ("a4", "granted", "colleague", {})]


async def test_how_many_other_evenings_somebody_had_is_among_the_figures(harness: Harness) -> None:
    one = evening(NEXT_YEAR + timedelta(days=9), capacity=1, title="Eén")
    await harness.apply(NIGHT)
    await harness.apply(one)
    round_ = await kept(harness, one)
    assert [(name, outcome, figures["other_evenings"]) for name, outcome, _, figures in round_][:3] == [
        ("a4", "granted", 0),
        ("z3", "waiting", 0),
        ("a1", "waiting", 1),
    ]
    assert round_[2][3]["last_served"]["other_evenings"] == 0


async def test_a_decision_names_the_ticket_it_is_about(harness: Harness) -> None:
    await harness.apply(NIGHT)
    rows = await harness.rows(
        "select d.participant_id, t.participant_id from decisions d join tickets t using (ticket_id)"
    )
    assert len(rows) == 7
    assert all(decided == holder for decided, holder in rows)


async def test_what_happens_again_is_decided_once(harness: Harness) -> None:
    await harness.apply(NIGHT)
    known = await harness.everything()
    await harness.apply(NIGHT, *map(enrolled, ACME), partner(places=2))
    await harness.run_due()
    assert (await harness.everything())["decisions"] == known["decisions"]


# Losses

ON_REQUEST = evening_changed(NIGHT, 2, admission=Admission.ON_REQUEST)
Losing = Callable[[Harness, str], Awaitable[object]]
LOSSES: dict[str, tuple[str, Losing]] = {
    "declined": ("declined", lambda harness, name: harness.decline(name, NIGHT)),
    "withdrawn": ("withdrawn", lambda harness, name: harness.apply(withdrawn(name, 2, DAY_OF_NIGHT))),
    "enrolled-anew": (
        "withdrawn",
        lambda harness, name: harness.apply(ON_REQUEST, withdrawn(name, 2, DAY_OF_NIGHT), enrolled(name, 3)),
    ),
    "not-active": (
        "revoked",
        lambda harness, name: harness.apply(changed(name, 2, ends_on=DAY_OF_NIGHT - timedelta(days=1))),
    ),
    "partner-left": ("withdrawn", lambda harness, _: harness.apply(left())),
    "erased": ("erased", lambda harness, name: harness.apply(erased(name, 2))),
    "evening-cancelled": ("evening-cancelled", lambda harness, _: harness.apply(evening_cancelled(NIGHT, 2))),
}


@pytest.mark.parametrize("name", ["a1", "a4"])
@pytest.mark.parametrize("rule", LOSSES)
async def test_a_loss_is_recorded_with_its_rule_and_its_reason(harness: Harness, rule: str, name: str) -> None:
    reason, lose = LOSSES[rule]
    await harness.apply(NIGHT)
    ticket = await harness.ticket(name, NIGHT)
    await harness.clear_outbox()
    await lose(harness, name)
    rows = await harness.rows(
        "select rule, figures, decided_at from decisions where ticket_id = :ticket and outcome = 'lost'", ticket=ticket
    )
    assert [tuple(row) for row in rows] == [(rule, {}, MONTH_BEFORE)]
    published = [each for each in await harness.published() if each.data.get("ticket_id") == str(ticket)]
    # The box office knows of tickets, not of waiting places.
    assert [each.to for each in published] == (["core", "paard"] if name == "a1" else ["core"])
    assert {(each.type, each.data["reason"]) for each in published} == {("ticket.cancelled", reason)}


async def test_an_evening_that_moves_to_a_day_somebody_takes_no_part_in_says_so(harness: Harness) -> None:
    await harness.apply(enrolled("late", ends_on=DAY_OF_NIGHT), evening_changed(NIGHT, 1, capacity=20))
    await harness.apply(evening_moved(NIGHT, 2, timedelta(days=1), capacity=20))
    assert await harness.decisions(NIGHT, "late") == [
        ("late", "granted", "common-pool"),
        ("late", "lost", "not-active"),
    ]


async def test_a_seat_by_a_change_of_contracts_is_a_promotion_like_any_other(harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.apply(left("gemeente"))
    assert (await harness.decisions(NIGHT))[-1] == ("z3", "promoted", "common-pool")
    await harness.apply(evening_changed(NIGHT, 2, capacity=7), partner_changed("acme", 2, places=4))
    assert (await harness.decisions(NIGHT))[-1] == ("a4", "promoted", "allotment")


# As the programme team sees them


async def listed(api: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """All pages of the list, put together; none is longer than was asked for."""
    items: list[dict[str, Any]] = []
    while True:
        answer = await api.get(f"/evenings/{NIGHT.evening_id}/decisions", params=query, headers=bearer("desk"))
        assert answer.status_code == 200
        page = answer.json()
        assert len(page["items"]) <= query.get("limit", 50)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


async def test_the_team_sees_who_what_when_why_and_in_words(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.decline("a1", NIGHT)
    items = await listed(api)
    rows = await kept(harness)
    assert len(items) == len(rows) == 9
    for item, (name, outcome, rule, figures) in zip(items, rows, strict=True):
        assert item.pop("decision_id") > 0
        assert item == {
            "participant_id": str(person(name)),
            "ticket_id": str(await harness.ticket(name, NIGHT)),
            "decided_at": MONTH_BEFORE.isoformat().replace("+00:00", "Z"),
            "outcome": outcome,
            "rule": rule,
            "figures": figures,
            "explanation": {str(each): explain(outcome, rule, figures, each) for each in Language},
        }


async def test_the_words_are_dutch_and_english_and_have_the_figures(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.apply(*(enrolled(name, partner="gemeente") for name in ("g1", "g2")))
    *_, full = await listed(api)
    assert full["rule"] == "full"
    dutch, english = full["explanation"]["nl"], full["explanation"]["en"]
    assert re.search(r"plaatsen.*6 van 6", dutch)
    assert re.search(r"seats.*6 of 6", english)
    for item in await listed(api):
        dutch, english = item["explanation"]["nl"], item["explanation"]["en"]
        assert dutch != english
        assert "{" not in dutch + english


async def test_the_list_comes_in_pages_in_the_order_in_which_it_was_decided(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.apply(NIGHT)
    await harness.decline("a1", NIGHT)
    everything = await listed(api)
    assert [item["decision_id"] for item in everything] == sorted({item["decision_id"] for item in everything})
    for limit in (1, 2, 8, 9, 500):
        assert await listed(api, limit=limit) == everything


async def test_what_is_decided_while_somebody_reads_is_on_the_last_page(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.apply(NIGHT)
    path = f"/evenings/{NIGHT.evening_id}/decisions"
    first = (await api.get(path, params={"limit": 5}, headers=bearer("desk"))).json()
    await harness.decline("a1", NIGHT)
    rest = await listed(api, cursor=first["next_cursor"])
    assert first["items"] + rest == await listed(api)
    assert [item["rule"] for item in rest][-2:] == ["declined", "common-pool"]


async def test_the_list_can_be_narrowed_to_one_person(api: httpx.AsyncClient, harness: Harness) -> None:
    other = evening(NEXT_YEAR + timedelta(days=9), title="Elders")
    await harness.apply(NIGHT, other)
    await harness.decline("a1", NIGHT)
    about = await listed(api, participant_id=str(person("a4")))
    assert [(item["outcome"], item["rule"]) for item in about] == [
        ("waiting", "allotment-used"),
        ("promoted", "common-pool"),
    ]
    assert await listed(api, participant_id=str(person("a4")), limit=1) == about
    assert await listed(api, participant_id=str(uuid4())) == []


async def test_of_who_was_erased_the_decision_stays_without_the_person(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.apply(NIGHT)
    before = await listed(api)
    await harness.apply(erased("a1", 2))
    after = await listed(api)
    assert [item["decision_id"] for item in after[:7]] == [item["decision_id"] for item in before]
    assert [item["participant_id"] for item in after if item["ticket_id"] == before[0]["ticket_id"]] == [None, None]
    assert await listed(api, participant_id=str(person("a1"))) == []


async def test_only_the_programme_team_sees_decisions(api: httpx.AsyncClient, harness: Harness) -> None:
    await harness.apply(NIGHT)
    [secret] = await harness.secrets("a1", NIGHT)
    path = f"/evenings/{NIGHT.evening_id}/decisions"
    for other in ("paard", "acme"):
        assert (await api.get(path, headers=bearer(other))).status_code == 403
    assert (await api.get(path)).status_code == 401
    assert (await api.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code == 401


async def test_an_evening_that_there_is_not_has_no_decisions(api: httpx.AsyncClient, harness: Harness) -> None:
    answer = await api.get(f"/evenings/{uuid4()}/decisions", headers=bearer("desk"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    await harness.apply(ON_REQUEST)
    assert await listed(api) == []


async def test_what_cannot_be_asked_of_the_list_is_a_problem_that_names_the_field(
    api: httpx.AsyncClient, harness: Harness
) -> None:
    await harness.apply(NIGHT)
    wrong = {"limit": ["0", "501"], "cursor": ["nonsense", "WyJhIl0", "Wy0xXQ"], "participant_id": ["ans"]}
    for parameter, value in ((parameter, value) for parameter, values in wrong.items() for value in values):
        path = f"/evenings/{NIGHT.evening_id}/decisions"
        answer = await api.get(path, params={parameter: value}, headers=bearer("desk"))
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [f"query.{parameter}"]
