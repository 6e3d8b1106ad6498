"""Seats in the database after batches of events."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    moment,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.allocation import tiebreaker

NIGHT = evening(NEXT_YEAR, capacity=2)
DAY_OF_NIGHT = NEXT_YEAR.date()


async def test_everybody_active_gets_a_seat_or_a_waiting_place_when_an_evening_opens(
    harness: Harness,
) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), enrolled("cas"), enrolled("dee"))
    await harness.apply(NIGHT)
    assert await harness.holders(NIGHT) == {"ans", "bo"}
    assert await harness.line(NIGHT) == ["cas", "dee"]
    assert await harness.counts(NIGHT) == (2, 0, 2)


async def test_who_enrols_later_gets_a_seat_of_every_evening_that_has_one(harness: Harness) -> None:
    full, roomy = evening(NEXT_YEAR, capacity=1, title="Vol"), evening(NEXT_YEAR, capacity=5, title="Ruim")
    await harness.apply(partner(), enrolled("ans"), full, roomy)
    await harness.apply(enrolled("bo"))
    assert await harness.states(full) == {"ans": "issued", "bo": "waiting"}
    assert await harness.states(roomy) == {"ans": "issued", "bo": "issued"}


async def test_requests_of_one_moment_are_served_by_lot(harness: Harness) -> None:
    names = ["ans", "bo", "cas", "dee", "eef"]
    await harness.apply(partner())
    await harness.apply(*map(enrolled, names), at=moment(0))
    await harness.apply(NIGHT)
    by_lot = sorted(names, key=lambda name: tiebreaker(NIGHT.evening_id, person(name)))
    assert await harness.holders(NIGHT) == set(by_lot[:2])
    assert await harness.line(NIGHT) == by_lot[2:]


async def test_a_tie_in_the_waiting_list_is_broken_by_lot_whoever_came_first(harness: Harness) -> None:
    unlucky, promoted = sorted(["ans", "bo"], key=lambda name: tiebreaker(NIGHT.evening_id, person(name)), reverse=True)
    await harness.apply(partner(), enrolled("cas"), enrolled("dee"), NIGHT)
    await harness.apply(enrolled(unlucky), at=moment(500))
    await harness.apply(enrolled(promoted), at=moment(500))
    assert await harness.line(NIGHT) == [promoted, unlucky]
    await harness.apply(withdrawn("cas", 2, DAY_OF_NIGHT))
    assert await harness.holders(NIGHT) == {"dee", promoted}


async def test_only_those_active_on_the_local_day_are_candidates(harness: Harness) -> None:
    before, after = DAY_OF_NIGHT - timedelta(days=1), DAY_OF_NIGHT + timedelta(days=1)
    roomy = evening(NEXT_YEAR, capacity=10)
    await harness.apply(
        partner(),
        enrolled("starts-that-day", starts_on=DAY_OF_NIGHT),
        enrolled("ends-that-day", ends_on=DAY_OF_NIGHT),
        enrolled("leaves-the-day-after"),
        withdrawn("leaves-the-day-after", 2, after),
        enrolled("starts-later", starts_on=after),
        enrolled("ended-before", ends_on=before),
        enrolled("leaves-that-day"),
        withdrawn("leaves-that-day", 2, DAY_OF_NIGHT),
    )
    await harness.apply(roomy)
    assert await harness.holders(roomy) == {"starts-that-day", "ends-that-day", "leaves-the-day-after"}


async def test_the_day_of_an_evening_is_the_day_in_the_hague(harness: Harness) -> None:
    after_midnight = evening(NEXT_YEAR.replace(hour=23, minute=30), capacity=10)
    next_day = DAY_OF_NIGHT + timedelta(days=1)
    await harness.apply(partner(), enrolled("starts-then", starts_on=next_day), enrolled("ended", ends_on=DAY_OF_NIGHT))
    await harness.apply(after_midnight)
    assert await harness.holders(after_midnight) == {"starts-then"}


async def test_nobody_gets_a_seat_by_themselves_of_an_evening_on_request(harness: Harness) -> None:
    asked = evening(NEXT_YEAR, admission=Admission.ON_REQUEST)
    await harness.apply(partner(), enrolled("ans"), asked)
    await harness.apply(enrolled("bo"))
    assert await harness.states(asked) == {}
    assert [each.type for each in await harness.published("paard")] == ["evening.scheduled"]


async def test_nobody_gets_a_seat_of_an_evening_that_has_begun(harness: Harness) -> None:
    begun = evening(moment(0))
    await harness.apply(partner(), enrolled("ans"), begun)
    await harness.apply(enrolled("bo"))
    assert await harness.states(begun) == {}


async def test_a_withdrawal_frees_the_seat_for_the_first_on_the_waiting_list(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    assert await harness.counts(NIGHT) == (2, 0, 1)


async def test_a_withdrawal_on_a_later_day_leaves_the_evenings_before_it(harness: Harness) -> None:
    later = evening(NEXT_YEAR + timedelta(days=30), title="Later")
    await harness.apply(partner(), enrolled("ans"), NIGHT, later)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT + timedelta(days=1)))
    assert await harness.holders(NIGHT) == {"ans"}
    assert await harness.holders(later) == set()


async def test_who_waits_and_withdraws_is_passed_over(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.apply(withdrawn("cas", 2, DAY_OF_NIGHT))
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await harness.holders(NIGHT) == {"bo", "dee"}


async def test_who_comes_back_stands_at_the_end_of_the_waiting_list(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    await harness.apply(enrolled("dee"), enrolled("ans", 3))
    assert await harness.holders(NIGHT) == {"bo", "cas"}
    assert await harness.line(NIGHT) == ["dee", "ans"]


async def test_leaving_and_coming_back_in_one_batch_is_the_same_as_in_two(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT), enrolled("ans", 3))
    assert await harness.holders(NIGHT) == {"bo", "cas"}
    assert await harness.line(NIGHT) == ["ans"]


async def test_taking_a_later_withdrawal_back_costs_no_seat_before_it(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT + timedelta(days=9)))
    await harness.apply(enrolled("ans", 3))
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_an_evening_that_moves_past_a_withdrawal_that_was_taken_back_keeps_its_tickets(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT + timedelta(days=1)))
    await harness.apply(enrolled("ans", 3))
    moved = evening(NEXT_YEAR + timedelta(days=2), capacity=2)
    await harness.apply(evening_changed(moved, 2, starts_at=moved.starts_at))
    await harness.apply(changed("ans", 4))
    assert await harness.holders(NIGHT) == {"ans", "bo"}


async def test_an_erasure_frees_the_seat_and_leaves_no_name(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.clear_outbox()
    await harness.apply(erased("ans", 2))
    assert await harness.holders(NIGHT) == {"bo", "cas"}
    [row] = await harness.projection(["ans"])
    assert [value for value in row if isinstance(value, str)] == []
    assert [each.data["reason"] for each in await harness.published(subject="ticket") if "reason" in each.data] == [
        "erased"
    ] * 2
    [completed] = await harness.published(subject="erasure")
    assert completed.data == {"participant_id": str(person("ans"))}


async def test_a_cancelled_evening_cancels_every_ticket_and_place(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.clear_outbox()
    await harness.apply(evening_cancelled(NIGHT, 2))
    assert await harness.states(NIGHT) == {}
    assert await harness.counts(NIGHT) == (0, 0, 0)
    published = await harness.published()
    assert [each.type for each in published if each.to == "paard"] == [
        "evening.cancelled",
        "ticket.cancelled",
        "ticket.cancelled",
    ]
    assert [each.data["reason"] for each in published if each.to == "core"] == ["evening-cancelled"] * 3


async def test_a_cancelled_evening_gives_out_nothing_any_more(harness: Harness) -> None:
    await harness.apply(partner(), NIGHT)
    await harness.apply(evening_cancelled(NIGHT, 2))
    await harness.apply(enrolled("ans"))
    assert await harness.states(NIGHT) == {}


async def test_capacity_that_grows_promotes_from_the_head_of_the_line(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee", "eef"]), NIGHT)
    await harness.apply(evening_changed(NIGHT, 2, capacity=4))
    assert await harness.holders(NIGHT) == {"ans", "bo", "cas", "dee"}
    assert await harness.line(NIGHT) == ["eef"]


async def test_capacity_that_shrinks_takes_no_seat_and_gives_none_until_enough_came_free(harness: Harness) -> None:
    three = evening(NEXT_YEAR, capacity=3)
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee", "eef"]), three)
    await harness.apply(evening_changed(three, 2, capacity=2))
    assert await harness.holders(three) == {"ans", "bo", "cas"}
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await harness.holders(three) == {"bo", "cas"}
    await harness.apply(withdrawn("bo", 2, DAY_OF_NIGHT))
    assert await harness.holders(three) == {"cas", "dee"}


async def test_an_evening_that_moves_keeps_its_tickets_but_for_those_not_active_on_the_new_day(
    harness: Harness,
) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo", ends_on=DAY_OF_NIGHT), enrolled("cas"), NIGHT)
    later = {"starts_at": NIGHT.starts_at + timedelta(days=2), "ends_at": NIGHT.ends_at + timedelta(days=2)}
    moved = evening(NEXT_YEAR + timedelta(days=2), capacity=2)
    assert moved.evening_id == NIGHT.evening_id
    await harness.clear_outbox()
    await harness.apply(evening_changed(moved, 2, **{field: getattr(moved, field) for field in later}))
    assert await harness.holders(NIGHT) == {"ans", "cas"}
    reasons = [each.data["reason"] for each in await harness.published("paard") if each.type == "ticket.cancelled"]
    assert reasons == ["revoked"]


async def test_after_the_closing_a_free_seat_waits_for_whoever_comes(harness: Harness) -> None:
    closed = evening(NEXT_YEAR, capacity=1).model_copy(update={"closes_at": moment(0)})
    await harness.apply(partner(), enrolled("ans"), enrolled("bo"), closed)
    await harness.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await harness.states(closed) == {"bo": "waiting"}
    await harness.apply(enrolled("cas"))
    assert await harness.states(closed) == {"bo": "waiting", "cas": "issued"}


async def test_somebody_whose_partner_is_not_known_yet_gets_their_seat_when_it_is(harness: Harness) -> None:
    await harness.apply(enrolled("ans"), NIGHT)
    assert await harness.states(NIGHT) == {}
    await harness.apply(partner())
    assert await harness.holders(NIGHT) == {"ans"}
    [issued] = [each for each in await harness.published("paard") if each.type == "ticket.issued"]
    assert (issued.data["holder_name"], issued.data["partner_name"]) == ("Ans de Vries", "Acme")


async def test_a_change_of_name_costs_nobody_a_seat(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.clear_outbox()
    await harness.apply(changed("ans", 2))
    assert await harness.holders(NIGHT) == {"ans", "bo"}
    assert await harness.published("core") == []


@pytest.mark.parametrize("rounds", range(3))
async def test_two_batches_racing_for_the_last_seat_give_it_once(harness: Harness, rounds: int) -> None:
    one = evening(NEXT_YEAR, capacity=1, title=f"Ronde {rounds}")
    await harness.apply(partner(), one)
    await asyncio.gather(*(harness.apply(enrolled(name)) for name in ("ans", "bo", "cas", "dee")))
    assert len(await harness.holders(one)) == 1
    assert await harness.counts(one) == (1, 0, 3)


async def test_an_evening_and_a_participant_published_at_the_same_time_find_each_other(harness: Harness) -> None:
    await harness.apply(partner())
    roomy = evening(NEXT_YEAR, capacity=50)
    names = [f"p{nth}" for nth in range(8)]
    await asyncio.gather(harness.apply(roomy), *(harness.apply(enrolled(name)) for name in names))
    assert await harness.holders(roomy) == set(names)


async def test_the_number_of_statements_does_not_grow_with_people(harness: Harness) -> None:
    async def opening(names: list[str]) -> int:
        fresh = evening(NEXT_YEAR, capacity=len(names) // 2, title=f"{names[0]}")
        await harness.apply(*map(enrolled, names))
        with harness.counting_statements() as when_opening:
            await harness.apply(fresh)
        with harness.counting_statements() as when_enrolling:
            await harness.apply(*(enrolled(f"{name}-later") for name in names))
        with harness.counting_statements() as when_withdrawing:
            await harness.apply(*(withdrawn(name, 2, DAY_OF_NIGHT) for name in names))
        await harness.apply(evening_cancelled(fresh, 2))
        return len(when_opening) + len(when_enrolling) + len(when_withdrawing)

    await harness.apply(partner(), evening(NEXT_YEAR, title="Vooraf"))
    few = await opening(["ans", "bo"])
    many = await opening([f"p{nth}" for nth in range(200)])
    assert many <= few


async def test_the_database_itself_refuses_a_seat_beyond_the_capacity(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    with pytest.raises(IntegrityError, match="has no seat left"):
        await harness.rows(
            "update tickets set state = 'issued', code = 'x', issued_at = now() where state = 'waiting' returning 1"
        )
    assert await harness.counts(NIGHT) == (2, 0, 1)


async def test_the_database_itself_refuses_a_second_place_for_one_person(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    with pytest.raises(IntegrityError, match="tickets_one_live_place"):
        await harness.rows(
            "insert into tickets (ticket_id, evening_id, participant_id, partner, state, requested_at, lot, version,"
            " feed_version, enrolment) select gen_random_uuid(), evening_id, participant_id, partner, 'waiting',"
            " requested_at, lot, 1, 0, 1 from tickets returning 1"
        )


async def test_deleting_tickets_keeps_the_counts_right(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.rows("delete from tickets where state = 'issued' returning 1")
    assert await harness.counts(NIGHT) == (0, 0, 1)
