"""Timers: seats are released, waiting lists are closed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from culture_connect.contracts import EveningScheduled
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.support.probes import eventually
from tests.unit.ticketing.registration_events import (
    enrolled,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    moment,
    partner,
)
from ticketing.jobs.timers import POLL_INTERVAL, TimerJob

NIGHT = evening(NEXT_YEAR, capacity=2)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
async def _two_organisations(harness: Harness) -> None:
    """One seat is kept for Ans and Bo of acme, one for zeebank, which has nobody yet."""
    harness.now = MONTH_BEFORE
    await harness.apply(partner(places=1), partner("zeebank", places=1), enrolled("ans"), enrolled("bo"))


async def timers(harness: Harness, night: EveningScheduled = NIGHT) -> dict[str, datetime]:
    """Returns the timers of an evening."""
    rows = await harness.rows("select kind, due_at from timers where evening_id = :evening", evening=night.evening_id)
    return {row.kind: row.due_at for row in rows}


async def run(harness: Harness, statement: str) -> None:
    """Changes the database behind the service's back."""
    async with harness.database.begin() as work:
        await work.execute(text(statement))


# Setting them


async def test_a_known_evening_has_the_timers_of_its_release_and_its_closing(harness: Harness) -> None:
    await harness.apply(NIGHT)
    assert await timers(harness) == {"release": NIGHT.release_at, "closing": NIGHT.closes_at}


async def test_a_moment_that_has_passed_needs_no_timer(harness: Harness) -> None:
    harness.now = NIGHT.release_at
    await harness.apply(NIGHT)
    assert await timers(harness) == {"closing": NIGHT.closes_at}
    assert await harness.holders(NIGHT) == {"ans", "bo"}
    harness.now = NIGHT.closes_at
    late = evening(NEXT_YEAR, title="Laat")
    await harness.apply(late, evening(moment(0), title="Begonnen"))
    assert await timers(harness, late) == {}
    assert len(await harness.rows("select kind from timers")) == 1


async def test_timers_move_with_their_evening(harness: Harness) -> None:
    await harness.apply(NIGHT)
    later = timedelta(days=2)
    await harness.apply(evening_moved(NIGHT, 2, later))
    assert await timers(harness) == {"release": NIGHT.release_at + later, "closing": NIGHT.closes_at + later}
    harness.now = NIGHT.release_at
    await harness.run_due()
    assert await harness.holders(NIGHT) == {"ans"}
    harness.now = NIGHT.release_at + later
    await harness.run_due()
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_only_the_newest_word_about_an_evening_sets_its_timers(harness: Harness) -> None:
    await harness.apply(evening_moved(NIGHT, 3, timedelta(days=2)))
    await harness.apply(NIGHT, evening_moved(NIGHT, 2, timedelta(days=4)))
    assert (await timers(harness))["release"] == NIGHT.release_at + timedelta(days=2)


async def test_an_evening_moved_so_near_that_its_release_has_passed_is_released_there_and_then(
    harness: Harness,
) -> None:
    await harness.apply(NIGHT)
    await harness.apply(evening_changed(NIGHT, 2, release_at=MONTH_BEFORE))
    assert await timers(harness) == {"closing": NIGHT.closes_at}
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_an_evening_that_is_called_off_has_no_timers(harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.apply(evening_cancelled(NIGHT, 2))
    assert await timers(harness) == {}


# The release


async def test_at_the_release_who_waited_for_a_seat_kept_for_others_gets_it(harness: Harness) -> None:
    await harness.apply(NIGHT)
    await harness.clear_outbox()
    harness.now = NIGHT.release_at - SECOND
    await harness.run_due()
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}
    harness.now = NIGHT.release_at
    await harness.run_due()
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "issued"}
    assert [(each.to, each.type) for each in await harness.published()] == [
        ("core", "ticket.issued"),
        ("paard", "ticket.issued"),
    ]
    assert (await harness.decisions(NIGHT))[-1] == ("bo", "promoted", "released")
    assert await timers(harness) == {"closing": NIGHT.closes_at}


async def test_released_seats_go_to_the_waiting_list_in_its_order(harness: Harness) -> None:
    four = evening(NEXT_YEAR, capacity=4)
    await harness.apply(partner("gemeente", places=2))
    await harness.apply(*map(enrolled, ["cas", "dee"]), *(enrolled(name, partner="zeebank") for name in ("yan", "zoe")))
    await harness.apply(four)
    # Acme and zeebank hold their one seat each; two are kept for gemeente. A turn each, by who asked first.
    assert await harness.holders(four) == {"ans", "yan"}
    assert await harness.line(four) == ["bo", "zoe", "cas", "dee"]
    harness.now = four.release_at
    await harness.run_due()
    assert await harness.holders(four) == {"ans", "yan", "bo", "zoe"}


async def test_a_release_that_finds_nobody_waiting_leaves_the_seats_to_who_comes(harness: Harness) -> None:
    three = evening(NEXT_YEAR, capacity=3)
    await harness.apply(three)
    harness.now = three.release_at
    await harness.run_due()
    await harness.apply(enrolled("cas"))
    assert await harness.holders(three) == {"ans", "bo", "cas"}


# The closing


async def test_at_the_closing_everybody_who_waits_is_kept_with_their_place(harness: Harness) -> None:
    full = evening(NEXT_YEAR, capacity=1)
    await harness.apply(enrolled("cas"), enrolled("dee"), full)
    line = await harness.line(full)
    assert len(line) == 3
    harness.now = full.closes_at
    await harness.run_due()
    rows = await harness.rows("select figures, outcome, decided_at from decisions where rule = 'closed' order by 1")
    assert [row.figures for row in rows] == [
        {
            "place": place,
            "competing": 3,
            "capacity": 1,
            "held": 1,
            "closed_at": full.closes_at.isoformat(),
        }
        for place in (1, 2, 3)
    ]
    assert {(row.outcome, row.decided_at) for row in rows} == {("waiting", full.closes_at)}
    assert (await harness.decisions(full))[-3:] == [(name, "waiting", "closed") for name in line]


async def test_after_the_closing_no_seat_that_comes_free_is_given_to_the_line(harness: Harness) -> None:
    full = evening(NEXT_YEAR, capacity=1)
    await harness.apply(full)
    [holder], [waiter] = await harness.holders(full), await harness.line(full)
    harness.now = full.closes_at
    await harness.run_due()
    await harness.clear_outbox()
    await harness.decline(holder, full)
    await harness.apply(evening_changed(full, 2, capacity=5))
    await harness.run_due()
    assert await harness.states(full) == {waiter: "waiting"}
    assert await harness.published_of("ticket.issued") == []


async def test_a_closing_that_is_put_off_opens_the_waiting_list_again_and_comes_again(harness: Harness) -> None:
    full = evening(NEXT_YEAR, capacity=1)
    await harness.apply(enrolled("cas"), full)
    first, second = await harness.line(full)
    [holder] = await harness.holders(full)
    harness.now = full.closes_at
    await harness.run_due()
    await harness.decline(holder, full)
    assert await harness.line(full) == [first, second]
    await harness.apply(evening_changed(full, 2, closes_at=full.closes_at + timedelta(hours=1)))
    assert await harness.states(full) == {first: "issued", second: "waiting"}
    harness.now += timedelta(hours=1)
    await harness.run_due()
    closed = [name for name, _, rule in await harness.decisions(full) if rule == "closed"]
    assert closed == [first, second, second]


async def test_the_closing_of_an_evening_that_was_called_off_is_nothing_to_anybody(harness: Harness) -> None:
    full = evening(NEXT_YEAR, capacity=1)
    await harness.apply(full)
    await harness.apply(evening_cancelled(full, 2))
    harness.now = full.closes_at
    await harness.run_due()
    assert "closed" not in {rule for _, _, rule in await harness.decisions(full)}


# The clock


async def test_what_came_due_while_nothing_ran_is_done_at_the_next_look(harness: Harness) -> None:
    await harness.apply(NIGHT)
    harness.now = NIGHT.closes_at - SECOND
    await harness.run_due()
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_a_release_that_is_noticed_after_the_closing_promotes_nobody(harness: Harness) -> None:
    await harness.apply(NIGHT)
    harness.now = NIGHT.closes_at
    await harness.run_due()
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}
    assert (await harness.decisions(NIGHT))[-1] == ("bo", "waiting", "closed")


async def test_a_closing_that_is_noticed_after_the_start_is_kept_all_the_same(harness: Harness) -> None:
    await harness.apply(NIGHT)
    harness.now = NIGHT.ends_at
    await harness.run_due()
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}
    assert (await harness.decisions(NIGHT))[-1] == ("bo", "waiting", "closed")
    assert await timers(harness) == {}


async def test_what_was_done_is_not_done_again(harness: Harness) -> None:
    await harness.apply(NIGHT)
    for moment_ in (NIGHT.release_at, NIGHT.closes_at):
        harness.now = moment_
        await harness.run_due()
        known = await harness.everything()
        await harness.run_due()
        assert await harness.everything() == known


async def test_clocks_of_several_replicas_do_it_once_between_them(harness: Harness) -> None:
    nights = [evening(NEXT_YEAR + timedelta(minutes=nth), capacity=2, title=f"Nacht {nth}") for nth in range(4)]
    await harness.apply(enrolled("cas"), *nights)
    await harness.clear_outbox()
    harness.now = NIGHT.release_at + timedelta(hours=1)
    await asyncio.gather(*(harness.run_due() for _ in range(3)))
    assert len(await harness.published("core")) == 4
    for night in nights:
        assert len(await harness.holders(night)) == 2
    harness.now = NIGHT.closes_at + timedelta(minutes=30)
    await asyncio.gather(*(harness.run_due() for _ in range(3)))
    [row] = await harness.rows("select count(*) as closed from decisions where rule = 'closed'")
    assert row.closed == 4


async def test_a_release_and_a_last_minute_change_of_mind_at_once_sell_no_seat_twice(harness: Harness) -> None:
    await harness.apply(enrolled("cas"), NIGHT)
    harness.now = NIGHT.release_at
    await asyncio.gather(harness.run_due(), harness.decline("ans", NIGHT), harness.run_due())
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued"}


async def test_an_evening_whose_timer_fails_holds_up_no_other_and_is_tried_again(harness: Harness) -> None:
    nights = [evening(NEXT_YEAR + timedelta(minutes=nth), capacity=2, title=f"Nacht {nth}") for nth in range(6)]
    await harness.apply(*nights)
    harness.now = nights[-1].release_at
    guard = f"check (state <> 'issued' or issued_at < '{harness.now}' or evening_id <> '{nights[0].evening_id}')"
    await run(harness, f"alter table tickets add constraint broken {guard}")
    for _ in range(2):
        with pytest.raises(IntegrityError, match="broken"):
            await harness.run_due()
    assert [len(await harness.holders(night)) for night in nights] == [1, 2, 2, 2, 2, 2]
    await run(harness, "alter table tickets drop constraint broken")
    await harness.run_due()
    assert [len(await harness.holders(night)) for night in nights] == [2] * 6


async def test_the_next_look_is_when_the_next_timer_is_due_and_within_a_second(harness: Harness) -> None:
    await harness.apply(NIGHT)
    for ahead, pause in ((86_400, 1), (1.5, 1), (1, 1), (0.999, 0.999), (0.25, 0.25)):
        harness.now = NIGHT.release_at - timedelta(seconds=ahead)
        assert await harness.run_due() == pytest.approx(pause)


async def test_the_next_look_is_within_a_second_when_there_are_no_timers_too(harness: Harness) -> None:
    assert await harness.run_due() == POLL_INTERVAL == 1
    await harness.apply(NIGHT)
    harness.now = NIGHT.closes_at
    assert await harness.run_due() == 1


async def test_a_release_a_second_ahead_happens_within_about_a_second(harness: Harness) -> None:
    harness.now = None
    async with TimerJob(harness.database, harness.issuer).running():
        release_at = datetime.now(UTC) + SECOND
        await harness.apply(NIGHT.model_copy(update={"release_at": release_at}))
        await eventually(lambda: harness.holders(NIGHT), {"ans", "bo"}, "the holders after the release")
    [row] = await harness.rows("select decided_at, outcome from decisions where rule = 'released'")
    assert row.outcome == "promoted"
    assert release_at <= row.decided_at < release_at + 2 * SECOND


async def test_a_running_clock_outlives_what_fails(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("a fault of ours: one of the database's is told by readiness")

    harness.now = None
    await harness.apply(NIGHT.model_copy(update={"release_at": datetime.now(UTC) + SECOND / 10}))
    with capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr("ticketing.jobs.timers.timers.due", fail)
        async with TimerJob(harness.database, harness.issuer).running():
            await eventually(
                lambda: "periodic work failed" in {each["event"] for each in logs}, True, "the failure told"
            )
            patched.undo()
            await eventually(lambda: harness.holders(NIGHT), {"ans", "bo"}, "the holders after the release")


async def test_a_running_clock_forgets_answers_that_nobody_can_ask_for_any_more(harness: Harness) -> None:
    await run(
        harness,
        "insert into idempotency_keys (caller, route, key, request_hash, created_at) values"
        " ('desk', 'POST /', 'old', '', now() - interval '25 hours'), ('desk', 'POST /', 'young', '', now())",
    )
    harness.now = None
    async with TimerJob(harness.database, harness.issuer).running():
        await eventually(lambda: harness.rows("select key from idempotency_keys"), [("young",)], "the answers kept")
