"""SQL agrees with the domain: on the order of the waiting list, and on the rule by which a place is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import NAMES, evening, evening_cancelled, left, partner
from ticketing.domain.allocation import Candidate, SeatInventory, rank, tiebreaker
from ticketing.domain.decisions import Rule
from ticketing.domain.losses import CANCELLATION_REASONS, LivePlace, loss_rule
from ticketing.domain.participants import Participant
from ticketing.store import evenings, projections, promotions, seats, waiting_list
from ticketing.store.seats import NewPlace, Scope

NIGHT = evening(NEXT_YEAR, capacity=1000)
EVENING = NIGHT.evening_id
ELSEWHERE = [evening(NEXT_YEAR + timedelta(days=nth), capacity=1000, title=f"Elders {nth}") for nth in (1, 2)]
PARTNERS = ("acme", "gemeente", "zeebank")
DAY = NEXT_YEAR.date()
NOW = NEXT_YEAR - timedelta(days=60)
DAYS = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]

in_a_database = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shorter examples would take minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits; they hold tickets for the first `other_evenings` of the other evenings."""

    number: int
    partner: str
    other_evenings: int
    minutes: int

    @property
    def participant_id(self) -> UUID:
        return UUID(int=NAMES.int + self.number)

    def candidate(self) -> Candidate:
        return Candidate(
            self.participant_id,
            self.partner,
            self.other_evenings,
            NOW + timedelta(minutes=self.minutes),
            tiebreaker(EVENING, self.participant_id),
        )


# Few values of everything, so that ties are common.
waiters = st.lists(
    st.builds(Waiter, st.integers(0, 99), st.sampled_from(PARTNERS), st.integers(0, 2), st.integers(0, 2)),
    min_size=1,
    max_size=16,
    unique_by=lambda waiter: waiter.number,
)
per_partner = st.fixed_dictionaries({slug: st.integers(0, 4) for slug in PARTNERS})


@pytest.mark.timeout(180)
@in_a_database
@given(waiting=waiters, held=per_partner, allotments=per_partner)
async def test_the_waiting_list_is_in_the_order_of_the_domain(
    harness: Harness, waiting: list[Waiter], held: dict[str, int], allotments: dict[str, int]
) -> None:
    await _furnish(harness, waiting, held, allotments)
    inventory = SeatInventory(1000, allotments, held, released=False)
    order = [each.candidate.participant_id for each in rank(inventory, [each.candidate() for each in waiting])]

    async with harness.database.begin() as work:
        positions = await waiting_list.positions(work, EVENING, order)
        alone = {each: await waiting_list.position(work, EVENING, each) for each in order}
        await promotions.recount(work, EVENING)
        limits = dict.fromkeys(PARTNERS, 3)
        first = await promotions.next_waiting(work, EVENING, limits)

    assert sorted(positions, key=lambda each: positions[each]) == order
    assert alone == positions
    for slug in PARTNERS:
        # In any order: whoever asks for them ranks them.
        found = sorted(
            (each.candidate() for each in first if each.partner == slug),
            key=lambda each: order.index(each.participant_id),
        )
        assert found == _first_of(waiting, order, slug)


def _first_of(waiting: Sequence[Waiter], order: Sequence[UUID], slug: str) -> list[Candidate]:
    own = sorted((each for each in waiting if each.partner == slug), key=lambda each: order.index(each.participant_id))
    return [each.candidate() for each in own[:3]]


async def _furnish(
    harness: Harness, waiting: Sequence[Waiter], held: dict[str, int], allotments: dict[str, int]
) -> None:
    """An evening with a waiting list, and others of its season for which some who wait hold tickets."""
    await harness.forget_everything()
    holders = [Waiter(100 + 10 * nth + each, slug, 0, 0) for nth, slug in enumerate(held) for each in range(held[slug])]
    async with harness.database.begin() as work:
        await projections.save_partners(work, [partner(slug) for slug in PARTNERS])
        people = [Participant(each.participant_id, each.partner, "Ans") for each in (*waiting, *holders)]
        await projections.save_participants(work, people)
        await evenings.save(work, [NIGHT, *ELSEWHERE])
        await seats.add_places(work, EVENING, [_place(EVENING, each) for each in waiting])
        if holders:
            await seats.add_places(work, EVENING, [_place(EVENING, each, code="code") for each in holders])
        for nth, other in enumerate(ELSEWHERE):
            if tickets := [
                _place(other.evening_id, each, code="code") for each in waiting if each.other_evenings > nth
            ]:
                await seats.add_places(work, other.evening_id, tickets)
    for slug, number in allotments.items():
        await harness.rows(
            "insert into shares (evening_id, partner, allotment) values (:evening, :slug, :number)"
            " on conflict (evening_id, partner) do update set allotment = excluded.allotment returning partner",
            evening=EVENING,
            slug=slug,
            number=number,
        )
    # As of places that were never counted.
    await harness.rows("update tickets set others = null where state = 'waiting' returning ticket_id")


def _place(evening_id: UUID, waiter: Waiter, *, code: str | None = None) -> NewPlace:
    candidate = waiter.candidate()
    ticket = UUID(int=evening_id.int ^ waiter.number)
    return NewPlace(
        ticket, waiter.participant_id, waiter.partner, 1, candidate.requested_at, candidate.tiebreaker, 0, code
    )


days = st.sampled_from([None, *DAYS])


@st.composite
def participants(draw: st.DrawFn) -> Participant:
    """Participants in every state that events can lead to, around the day of the evening."""
    if draw(st.integers(0, 5)) == 0:
        return Participant(UUID(int=0), version=9, erased=True)
    enrolled, withdrawn = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    return Participant(
        UUID(int=0),
        draw(st.sampled_from(PARTNERS)),
        "Ans",
        starts_on=draw(days),
        ends_on=draw(days),
        version=max(enrolled, draw(st.integers(0, 4))),
        enrolled_version=enrolled,
        requested_at=draw(st.sampled_from([None, NOW])),
        withdrawn_version=withdrawn,
        withdrawn_on=draw(st.sampled_from(DAYS)) if withdrawn else None,
    )


@dataclass(frozen=True)
class Situation:
    """A participant with a place, and whether it was just learnt that they withdrew and enrolled again."""

    participant: Participant
    enrolment: int
    has_returned: bool
    is_ticket: bool


situations = st.lists(
    st.builds(Situation, participants(), st.integers(1, 4), st.booleans(), st.booleans()), min_size=1, max_size=12
)


@pytest.mark.timeout(180)
@in_a_database
@given(situations=situations, gone=st.sets(st.sampled_from(PARTNERS)), cancelled=st.integers(0, 4))
async def test_a_place_is_lost_by_the_rule_of_the_domain(
    harness: Harness, situations: list[Situation], gone: set[str], cancelled: int
) -> None:
    is_cancelled = cancelled == 0
    known = {
        UUID(int=NAMES.int + nth): replace(each, participant=replace(each.participant, participant_id=_id(nth)))
        for nth, each in enumerate(situations)
    }
    expected = {
        participant_id: loss_rule(
            LivePlace(
                DAY,
                is_cancelled,
                each.participant,
                each.participant.partner in gone,
                each.enrolment,
                each.has_returned,
            )
        )
        for participant_id, each in known.items()
    }
    await harness.forget_everything()
    harness.now = NOW
    async with harness.database.begin() as work:
        await projections.save_partners(work, [(left if slug in gone else partner)(slug) for slug in PARTNERS])
        await projections.save_participants(work, [each.participant for each in known.values()])
        await evenings.save(work, [evening_cancelled(NIGHT, 2) if is_cancelled else NIGHT])
        await seats.add_places(work, EVENING, [_place_of(nth, each) for nth, each in enumerate(situations)])
        returned = [participant_id for participant_id, each in known.items() if each.has_returned]
        ended = await seats.end_places(work, Scope({EVENING}, returned=returned))

    recorded = await harness.rows("select participant_id, rule from decisions where outcome = 'lost'")
    lost: dict[UUID, Rule] = {each: rule for each, rule in expected.items() if rule is not None}
    assert {row.participant_id: row.rule for row in recorded} == lost
    assert {each.participant_id: each.reason for each in ended} == {
        each: CANCELLATION_REASONS[rule] for each, rule in lost.items()
    }


def _id(nth: int) -> UUID:
    return UUID(int=NAMES.int + nth)


def _place_of(nth: int, situation: Situation) -> NewPlace:
    place = _place(EVENING, Waiter(nth, situation.participant.partner or "acme", 0, 0))
    return replace(place, enrolment=situation.enrolment, code="code" if situation.is_ticket else None)
