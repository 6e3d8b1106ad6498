"""Somebody gives their ticket or waiting place up, and the line moves."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import Admission, EveningScheduled
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    partner,
    partner_changed,
    person,
    withdrawn,
)
from ticketing.domain.tickets import Place
from ticketing.use_cases import decline

NIGHT = evening(NEXT_YEAR, capacity=2)
ON_REQUEST = evening(NEXT_YEAR, capacity=2, title="Op verzoek", admission=Admission.ON_REQUEST)
DAY_OF_NIGHT = NEXT_YEAR.date()


@pytest.fixture(autouse=True)
def _a_month_before(harness: Harness) -> None:
    harness.now = MONTH_BEFORE


@pytest.fixture
async def full(harness: Harness) -> Harness:
    """Ans and Bo have the two seats of the night, Cas and Dee wait."""
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.clear_outbox()
    return harness


async def declined_for_them(harness: Harness, ticket: UUID) -> Place:
    """The programme team says that somebody will not come."""
    async with harness.database.begin() as work:
        return await decline.decline(work, harness.issuer, ticket)


# The seat


async def test_a_declined_seat_goes_to_the_first_on_the_waiting_list(full: Harness) -> None:
    place = await full.decline("ans", NIGHT)
    assert (place.participant_id, place.state, place.reason) == (person("ans"), "cancelled", "declined")
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    assert await full.counts(NIGHT) == (2, 0, 1)


async def test_a_declined_seat_is_never_free_for_anybody_to_see(full: Harness) -> None:
    await full.decline("ans", NIGHT)
    rows = await full.rows(
        "select distinct xmin::text from tickets where participant_id = any(:people)",
        people=[person("ans"), person("cas")],
    )
    assert len(rows) == 1  # the transaction that ended one ticket gave the other


async def test_what_fails_after_a_seat_was_declined_leaves_everything_as_it_was(full: Harness) -> None:
    known, ticket = await full.everything(), await full.ticket("ans", NIGHT)

    async def failing() -> None:
        async with full.database.begin() as work:
            await decline.decline(work, full.issuer, ticket)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await failing()
    assert await full.everything() == known


async def test_the_next_one_is_who_missed_out_on_other_evenings(harness: Harness) -> None:
    elsewhere = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT, elsewhere)
    await harness.ask_in_turn(elsewhere, "cas")
    await harness.decline("ans", NIGHT)
    assert await harness.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}


async def test_before_the_release_a_declined_seat_goes_to_the_same_organisations_first_waiter(harness: Harness) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1))
    await harness.apply(
        enrolled("ans"), *(enrolled(name, partner="zeebank") for name in ("xia", "yan")), enrolled("bo")
    )
    await harness.apply(NIGHT)
    assert await harness.line(NIGHT) == ["yan", "bo"]
    await harness.decline("ans", NIGHT)
    assert await harness.states(NIGHT) == {"bo": "issued", "xia": "issued", "yan": "waiting"}


async def test_before_the_release_a_seat_that_is_kept_for_nobody_else_who_waits_stays_free(harness: Harness) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1))
    await harness.apply(enrolled("ans"), *(enrolled(name, partner="zeebank") for name in ("xia", "yan")), NIGHT)
    await harness.decline("ans", NIGHT)
    assert await harness.states(NIGHT) == {"xia": "issued", "yan": "waiting"}
    harness.now = NIGHT.release_at
    await harness.decline("xia", NIGHT)
    assert await harness.states(NIGHT) == {"yan": "issued"}


async def test_both_ends_are_published_the_loss_first_and_then_the_gain(full: Harness) -> None:
    await full.decline("ans", NIGHT)
    published = [(each.to, each.type, each.data["version"], each.data.get("reason")) for each in await full.published()]
    assert published == [
        ("core", "ticket.cancelled", 2, "declined"),
        ("paard", "ticket.cancelled", 2, "declined"),
        ("core", "ticket.issued", 2, None),
        ("paard", "ticket.issued", 1, None),
    ]


async def test_a_declined_code_opens_no_door(full: Harness) -> None:
    code = await full.code("ans", NIGHT)
    await full.decline("ans", NIGHT)
    assert (await full.scan(code, NIGHT, scan_id="s1")).refusal == "cancelled"
    assert (await full.scan(await full.code("cas", NIGHT), NIGHT, scan_id="s2")).refusal is None


async def test_a_waiting_place_can_be_declined_and_the_others_move_up(full: Harness) -> None:
    place = await full.decline("cas", NIGHT)
    assert (place.state, place.reason) == ("cancelled", "declined")
    assert await full.line(NIGHT) == ["dee"]
    [published] = await full.published()
    assert (published.to, published.type, published.data["reason"]) == ("core", "ticket.cancelled", "declined")
    await full.decline("ans", NIGHT)
    assert await full.holders(NIGHT) == {"bo", "dee"}


async def test_declining_twice_is_declining_once(full: Harness) -> None:
    first = await full.decline("ans", NIGHT)
    known = await full.everything()
    assert await full.decline("ans", NIGHT) == first
    full.now = NIGHT.starts_at
    assert await full.decline("ans", NIGHT) == first
    assert await full.everything() == known


async def test_an_old_ticket_declined_once_more_costs_nobody_the_new_one(full: Harness) -> None:
    old = (await full.decline("ans", NIGHT)).ticket_id
    await full.decline("bo", NIGHT)
    await full.decline("cas", NIGHT)
    await full.ask_in_turn(NIGHT, "ans")
    await full.decline("ans", NIGHT, ticket=old)
    assert await full.holders(NIGHT) == {"ans", "dee"}


async def test_a_ticket_declined_twice_at_once_moves_the_waiting_list_once(full: Harness) -> None:
    await asyncio.gather(*(full.decline("ans", NIGHT) for _ in range(3)))
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    assert [each.type for each in await full.published("core")] == ["ticket.cancelled", "ticket.issued"]


async def test_two_seats_declined_at_once_go_to_two_people(full: Harness) -> None:
    await asyncio.gather(full.decline("ans", NIGHT), full.decline("bo", NIGHT))
    assert await full.states(NIGHT) == {"cas": "issued", "dee": "issued"}


async def test_a_holder_and_the_first_on_the_waiting_list_who_decline_at_once_leave_the_seat_to_the_second(
    full: Harness,
) -> None:
    await asyncio.gather(full.decline("ans", NIGHT), full.decline("cas", NIGHT))
    assert await full.states(NIGHT) == {"bo": "issued", "dee": "issued"}


async def test_the_programme_team_declines_for_anybody(full: Harness) -> None:
    place = await declined_for_them(full, await full.ticket("ans", NIGHT))
    assert (place.participant_id, place.reason) == (person("ans"), "declined")
    assert await full.holders(NIGHT) == {"bo", "cas"}


# The closing


async def test_after_the_closing_nobody_is_promoted(full: Harness) -> None:
    full.now = NIGHT.closes_at
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "waiting", "dee": "waiting"}
    assert [each.type for each in await full.published("core")] == ["ticket.cancelled"]


async def test_until_the_closing_somebody_is(full: Harness) -> None:
    full.now = NIGHT.closes_at - timedelta(seconds=1)
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


# Who may not


async def test_nothing_can_be_declined_once_the_evening_has_begun(full: Harness) -> None:
    full.now = NIGHT.starts_at
    for name in ("ans", "cas"):
        assert await full.refusal(full.decline(name, NIGHT)) == "evening-begun"


async def test_who_is_inside_can_decline_no_more(full: Harness) -> None:
    full.now = NIGHT.starts_at - timedelta(minutes=30)
    await full.scan(await full.code("ans", NIGHT), NIGHT, scan_id="s1", minutes=-30)
    assert await full.refusal(full.decline("ans", NIGHT)) == "already-admitted"


async def test_a_ticket_that_there_is_not_cannot_be_declined(full: Harness) -> None:
    assert await full.refusal(full.decline("ans", NIGHT, ticket=uuid4())) == "unknown-ticket"


@pytest.mark.parametrize("name", ["bo", "cas", "stranger"])
async def test_nobody_declines_for_somebody_else(full: Harness, name: str) -> None:
    ticket = await full.ticket("ans", NIGHT)
    assert await full.refusal(full.decline(name, NIGHT, ticket=ticket)) == "not-yours"
    declined = (await full.decline("ans", NIGHT)).ticket_id
    assert await full.refusal(full.decline(name, NIGHT, ticket=declined)) == "not-yours"


async def test_a_ticket_that_ended_otherwise_cannot_be_declined(full: Harness) -> None:
    await full.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    assert await full.refusal(full.decline("ans", NIGHT)) == "ticket-ended"


async def test_a_ticket_of_an_evening_that_was_called_off_cannot_be_declined(full: Harness) -> None:
    await full.apply(evening_cancelled(NIGHT, 2))
    assert await full.refusal(full.decline("ans", NIGHT)) == "evening-cancelled"


# A no is a no


@pytest.fixture(params=[NIGHT, ON_REQUEST], ids=["automatic", "on request"])
async def without_ans(harness: Harness, request: pytest.FixtureRequest) -> EveningScheduled:
    """An evening with two free seats, which Ans declined."""
    night: EveningScheduled = request.param
    await harness.apply(partner(), enrolled("ans"), night)
    await harness.ask("ans", night)
    await harness.decline("ans", night)
    return night


async def test_who_declined_gets_no_seat_by_what_happens_later(harness: Harness, without_ans: EveningScheduled) -> None:
    await harness.apply(enrolled("bo"))
    await harness.apply(changed("ans", 2))
    await harness.apply(evening_changed(without_ans, 2, capacity=9))
    await harness.apply(evening_moved(without_ans, 3, timedelta(days=2)))
    await harness.apply(evening_changed(without_ans, 4, admission=Admission.ON_REQUEST))
    await harness.apply(evening_changed(without_ans, 5, admission=Admission.AUTOMATIC))
    await harness.apply(partner_changed("acme", 2, places=12))
    harness.now = without_ans.release_at
    await harness.run_due()
    assert await harness.holders(without_ans) == {"bo"}


async def test_who_declined_a_waiting_place_gets_no_seat_that_comes_free(full: Harness) -> None:
    await full.decline("cas", NIGHT)
    await full.apply(withdrawn("ans", 2, DAY_OF_NIGHT), evening_changed(NIGHT, 2, capacity=9))
    assert await full.states(NIGHT) == {"bo": "issued", "dee": "issued"}


async def test_who_declined_gets_a_seat_when_they_are_enrolled_again(full: Harness) -> None:
    for name in ("ans", "cas"):
        await full.decline(name, NIGHT)
    await full.apply(withdrawn("ans", 2, DAY_OF_NIGHT))
    await full.apply(enrolled("ans", 3))
    assert await full.states(NIGHT) == {"bo": "issued", "dee": "issued", "ans": "waiting"}


async def test_a_no_to_one_evening_is_no_no_to_another(full: Harness) -> None:
    await full.decline("ans", NIGHT)
    other = evening(NEXT_YEAR + timedelta(days=9), title="Andere avond")
    await full.apply(other)
    assert "ans" in await full.states(other)


async def test_declining_is_kept_as_a_decision_and_so_is_what_came_of_it(full: Harness) -> None:
    await full.decline("ans", NIGHT)
    *_, loss, gain = await full.decisions(NIGHT)
    assert (loss, gain) == (("ans", "lost", "declined"), ("cas", "promoted", "allotment"))
