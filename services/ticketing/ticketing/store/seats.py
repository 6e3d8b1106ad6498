"""Seats, waiting places and candidates of evenings: the queries of an allocation.

Their callers hold the locks of the evenings in question (`evenings.lock`), so that what one statement read is still
true for the next.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.allocation import SeatInventory
from ticketing.store.eligibility import CANCELLATION_REASON, IS_ACTIVE, IS_LOST, LOSS_RULE
from ticketing.store.granting_order import OTHERS, SEASON
from ticketing.store.rows import columns_of, fetch_all, names_of

# Somebody erased has no partner, and tickets of theirs no participant: an evening that had begun when they were
# erased, and whose date changed afterwards, has such tickets.
_END = f"""
    with ending as (
        select t.ticket_id, e.venue, {LOSS_RULE} as rule
        from tickets t join evenings e using (evening_id) left join participants p using (participant_id)
        left join partners s on s.slug = p.partner
        where e.evening_id = any(:evenings) and t.state in ('waiting', 'issued') and (e.starts_at > :now or e.cancelled)
        and {IS_LOST} and (SCOPE)
    ),
    ended as (
        update tickets t
        set state = 'cancelled', ended_at = :now, version = t.version + 1,
            feed_version = case when t.code is null then t.feed_version else t.feed_version + 1 end,
            reason = {CANCELLATION_REASON}
        from ending
        where t.ticket_id = ending.ticket_id
        returning t.ticket_id, t.evening_id, ending.venue, t.participant_id, t.version, t.feed_version, t.code,
            t.reason, ending.rule
    ),
    recorded as (
        insert into decisions (evening_id, participant_id, ticket_id, decided_at, outcome, rule, figures)
        select evening_id, participant_id, ticket_id, :now, 'lost', rule, '{{}}' from ended
    )
    select ticket_id, evening_id, venue, participant_id, version, feed_version, code, reason from ended
"""  # noqa: S608 - constants

_NEW_CANDIDATES = f"""
    select e.evening_id, p.participant_id, p.partner, p.enrolled_version as enrolment,
        coalesce(w.asked_at, p.requested_at) as requested_at, p.holder_name, s.name as partner_name
    from evenings e cross join participants p join partners s on s.slug = p.partner
    left join wishes w on w.evening_id = e.evening_id and w.participant_id = p.participant_id
        and w.enrolment = p.enrolled_version
    where e.evening_id = any(:evenings) and not e.cancelled and e.starts_at > :now and {IS_ACTIVE} and (SCOPE)
    and (w.wish = 'asked' or e.admission = 'automatic' and w.wish is distinct from 'declined')
    and not exists (
        select from tickets t
        where t.evening_id = e.evening_id and t.participant_id = p.participant_id and t.state <> 'cancelled'
    )
"""  # noqa: S608 - constants

_EVENINGS = text(
    """
    select e.evening_id, e.venue, e.capacity, e.waiting, :now >= e.release_at as released,
        not e.cancelled and e.starts_at > :now and e.closes_at > :now as is_promoting,
        coalesce(array_agg(s.partner) filter (where s.partner is not null), '{}') as partners,
        coalesce(array_agg(s.allotment) filter (where s.partner is not null), '{}') as allotments,
        coalesce(array_agg(s.issued + s.admitted) filter (where s.partner is not null), '{}') as held,
        coalesce(array_agg(s.waiting) filter (where s.partner is not null), '{}') as waiting_by_partner
    from evenings e left join shares s using (evening_id)
    where e.evening_id = any(:evenings)
    group by e.evening_id order by e.starts_at, e.evening_id
    """
)

# The counts are remembered with the new places: the evenings of the season are marked as counted, so that
# `promotions.recount` finds what they decide afterwards, and that they left the season.
_OTHERS = text(
    f"""
    with marked as (
        insert into line_watermarks (evening_id, other_id) select :evening, evening_id from ({SEASON}) as season
        on conflict (evening_id, other_id) do nothing
    )
    select * from ({OTHERS}) as others where participant_id = any(:participants)
    """  # noqa: S608 - constants
)

_ADD = text(
    """
    insert into tickets (
        ticket_id, evening_id, participant_id, partner, enrolment, state, requested_at, lot, others, version,
        feed_version, code, issued_at
    )
    select ticket_id, :evening, participant_id, partner, enrolment,
        case when code is null then 'waiting' else 'issued' end, requested_at, lot, others, 1,
        case when code is null then 0 else 1 end, code, case when code is not null then cast(:now as timestamptz) end
    from unnest(
        cast(:ticket_id as uuid[]), cast(:participant_id as uuid[]), cast(:partner as text[]),
        cast(:enrolment as int[]), cast(:requested_at as timestamptz[]), cast(:tiebreaker as bytea[]),
        cast(:other_evenings as int[]), cast(:code as text[])
    ) as new (ticket_id, participant_id, partner, enrolment, requested_at, lot, others, code)
    """
)

_PROMOTE = text(
    """
    update tickets t
    set state = 'issued', code = promoted.code, issued_at = :now, version = t.version + 1,
        feed_version = t.feed_version + 1
    from unnest(cast(:ticket_id as uuid[]), cast(:code as text[])) as promoted (ticket_id, code)
    where t.ticket_id = promoted.ticket_id
    """
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The places an allocation considers: of these evenings, those of these participants, or everybody's (None).

    `returned` are the participants of whom it was just learnt that they withdrew and enrolled again.
    """

    evenings: Collection[UUID]
    participants: Collection[UUID] | None = None
    returned: Collection[UUID] = ()

    @property
    def is_about_nobody(self) -> bool:
        """True when seats may have come free, and nobody else may have lost or be due one."""
        return self.participants is not None and not self.participants

    def query(self, statement: str, column: str) -> tuple[TextClause, dict[str, Any]]:
        """Returns the statement for this scope and its parameters; two texts, so that each has a plan of its own."""
        if self.participants is None:
            return text(statement.replace("(SCOPE)", "true")), {"evenings": list(self.evenings)}
        narrowed = statement.replace("(SCOPE)", f"{column} = any(:participants)")
        return text(narrowed), {"evenings": list(self.evenings), "participants": list(self.participants)}


@dataclass(frozen=True, slots=True)
class EndedPlace:
    """A ticket or waiting place that was cancelled; a waiting place has no code, an anonymous ticket no participant."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID | None
    version: int
    feed_version: int
    code: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class NewCandidate:
    """A candidate without a ticket or waiting place for the evening."""

    evening_id: UUID
    participant_id: UUID
    partner: str
    enrolment: int
    requested_at: datetime
    holder_name: str
    partner_name: str


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place to be added: a ticket with a code, a waiting place without."""

    ticket_id: UUID
    participant_id: UUID
    partner: str
    enrolment: int
    requested_at: datetime
    tiebreaker: bytes
    other_evenings: int
    code: str | None


@dataclass(frozen=True, slots=True)
class EveningState:
    """An evening before its rounds; `waiting` counts by partner, `is_promoting` until the waiting list closes."""

    evening_id: UUID
    venue: str
    inventory: SeatInventory
    waiting: Mapping[str, int]
    is_promoting: bool


async def end_places(work: UnitOfWork, scope: Scope) -> list[EndedPlace]:
    """Cancels the places in scope that are lost by one of `LOSS_RULES`, and records the decisions."""
    statement, parameters = scope.query(_END, "t.participant_id")
    return await fetch_all(
        work, EndedPlace, statement, {**parameters, "returned": list(scope.returned), "now": work.now}
    )


async def new_candidates(work: UnitOfWork, scope: Scope) -> dict[UUID, list[NewCandidate]]:
    """Returns the candidates in scope, by evening yet to start, who have neither ticket nor waiting place."""
    statement, parameters = scope.query(_NEW_CANDIDATES, "p.participant_id")
    found: dict[UUID, list[NewCandidate]] = {}
    for candidate in await fetch_all(work, NewCandidate, statement, {**parameters, "now": work.now}):
        found.setdefault(candidate.evening_id, []).append(candidate)
    return found


async def evening_states(work: UnitOfWork, evenings: Collection[UUID]) -> list[EveningState]:
    """Returns these evenings as they are now, in the order in which they take place."""
    rows = await work.execute(_EVENINGS, {"evenings": list(evenings), "now": work.now})
    return [
        EveningState(
            row.evening_id,
            row.venue,
            SeatInventory(
                row.capacity,
                dict(zip(row.partners, row.allotments, strict=True)),
                dict(zip(row.partners, row.held, strict=True)),
                row.released,
            ),
            dict(zip(row.partners, row.waiting_by_partner, strict=True)),
            row.is_promoting,
        )
        for row in rows
    ]


async def other_evenings(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, int]:
    """Returns the number of other evenings of the season for which these hold a ticket, without those who hold none."""
    rows = await work.execute(_OTHERS, {"evening": evening, "participants": list(participants)})
    return {row.participant_id: row.held for row in rows}


async def add_places(work: UnitOfWork, evening: UUID, places: Sequence[NewPlace]) -> None:
    """Adds these tickets and waiting places, at least one."""
    await work.execute(_ADD, {**columns_of(places, names_of(NewPlace)), "evening": evening, "now": work.now})


async def refresh_statistics(work: UnitOfWork) -> None:
    """Refreshes the planner's statistics of tickets: with the old ones it would take a long waiting list for an empty
    one, and plan for minutes instead of milliseconds.
    """
    await work.execute(text("analyze tickets"))


async def promote(work: UnitOfWork, codes: Mapping[UUID, str]) -> None:
    """Makes waiting places into tickets with these codes."""
    await work.execute(_PROMOTE, {"ticket_id": list(codes), "code": list(codes.values()), "now": work.now})
