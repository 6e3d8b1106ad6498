"""Who has a seat, who waits, who might: the queries of one settling round.

Their callers hold the locks of the evenings in question (`projections.lock_evenings`), so that what one statement
read is still true for the next.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.seating import Turn

# "Candidates" of the allocation rules: somebody whose enrolment was told, active on the evening's local day.
# Erasure leaves no request time behind.
_IS_ACTIVE = """
    p.requested_at is not null and p.partner is not null
    and (p.starts_on is null or p.starts_on <= e.day) and (p.active_until is null or e.day < p.active_until)
"""

# A place of an enrolment that was withdrawn before the present one is given up, also where withdrawal
# and re-enrolment were told in one batch or in the wrong order.
_IS_OF_FORMER_ENROLMENT = """
    p.participant_id = any(:returned) and e.admission = 'automatic'
    and t.requested_at < p.requested_at and p.withdrawn_on <= e.day
"""

_END = f"""
    with ending as (
        select t.ticket_id, e.venue, case
            when e.cancelled then 'evening-cancelled'
            when p.erased then 'erased'
            when p.withdrawn_on <= e.day then 'withdrawn'
            else 'revoked'
        end as reason
        from tickets t join evenings e using (evening_id) join participants p using (participant_id)
        where e.evening_id = any(:evenings) and t.state in ('waiting', 'issued')
        and (e.cancelled or not ({_IS_ACTIVE}) or ({_IS_OF_FORMER_ENROLMENT})) and (SCOPE)
    )
    update tickets t
    set state = 'cancelled', reason = ending.reason, ended_at = :now, version = t.version + 1,
        feed_version = case when t.code is null then t.feed_version else t.feed_version + 1 end
    from ending
    where t.ticket_id = ending.ticket_id
    returning t.ticket_id, t.evening_id, ending.venue, t.participant_id, t.version, t.feed_version, t.code, t.reason
"""  # noqa: S608 - constants of this module

_NEWCOMERS = f"""
    select e.evening_id, e.venue, p.participant_id, p.requested_at, p.partner, p.holder_name, s.name as partner_name
    from evenings e cross join participants p join partners s on s.slug = p.partner
    where e.evening_id = any(:evenings) and e.admission = 'automatic' and not e.cancelled and e.starts_at > :now
    and {_IS_ACTIVE} and (SCOPE)
    and not exists (
        select from tickets t
        where t.evening_id = e.evening_id and t.participant_id = p.participant_id and t.state <> 'cancelled'
    )
"""  # noqa: S608 - constants of this module

_STANDING = text(
    """
    select evening_id, greatest(capacity - issued - admitted, 0) as free, waiting,
        not cancelled and starts_at > :now and closes_at > :now as promoting
    from evenings where evening_id = any(:evenings) order by evening_id
    """
)

_HEADS = text(
    """
    select t.ticket_id, t.evening_id, e.venue, t.participant_id, t.requested_at, t.lot, t.version, t.feed_version,
        p.holder_name, s.name as partner_name
    from evenings e
    cross join lateral (
        select * from tickets w where w.evening_id = e.evening_id and w.state = 'waiting'
        order by w.requested_at, w.lot limit greatest(e.capacity - e.issued - e.admitted, 0)
    ) as t
    join participants p using (participant_id) join partners s on s.slug = t.partner
    where e.evening_id = any(:evenings)
    """
)

_BEHIND = text(
    """
    select evening_id, t.requested_at, t.lot
    from tickets t
    join unnest(cast(:evenings as uuid[]), cast(:moments as timestamptz[]), cast(:lots as bytea[]))
        as first (evening_id, requested_at, lot) using (evening_id)
    where t.state = 'waiting' and (t.requested_at, t.lot) > (first.requested_at, first.lot)
    order by t.requested_at, t.lot
    """
)

_ADD = text(
    """
    insert into tickets (
        ticket_id, evening_id, participant_id, partner, state, requested_at, lot, version, feed_version, code, issued_at
    )
    select ticket_id, evening_id, participant_id, partner,
        case when code is null then 'waiting' else 'issued' end, requested_at, lot, 1,
        case when code is null then 0 else 1 end, code, case when code is not null then cast(:now as timestamptz) end
    from unnest(
        cast(:ticket_id as uuid[]), cast(:evening_id as uuid[]), cast(:participant_id as uuid[]),
        cast(:partner as text[]), cast(:requested_at as timestamptz[]), cast(:lot as bytea[]), cast(:code as text[])
    ) as new (ticket_id, evening_id, participant_id, partner, requested_at, lot, code)
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
    """The places a round looks at: of these evenings, those of these participants, or everybody's (None).

    `returned` are the participants who were just heard to have withdrawn and enrolled again.
    """

    evenings: Collection[UUID]
    participants: Collection[UUID] | None = None
    returned: Collection[UUID] = ()

    def query(self, statement: str, column: str) -> tuple[TextClause, dict[str, Any]]:
        """The statement narrowed to this scope, with its parameters; two texts, so that each has a plan of its own."""
        if self.participants is None:
            return text(statement.replace("(SCOPE)", "true")), {"evenings": list(self.evenings)}
        narrowed = statement.replace("(SCOPE)", f"{column} = any(:participants)")
        return text(narrowed), {"evenings": list(self.evenings), "participants": list(self.participants)}


@dataclass(frozen=True, slots=True)
class Ended:
    """A ticket or waiting place that was cancelled; a waiting place has no code."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID
    version: int
    feed_version: int
    code: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A candidate without a place."""

    evening_id: UUID
    venue: str
    participant_id: UUID
    requested_at: datetime
    partner: str
    holder_name: str
    partner_name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting place near the head of its line."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID
    requested_at: datetime
    lot: bytes
    version: int
    feed_version: int
    holder_name: str
    partner_name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an evening stands between two steps of a round; `promoting` is false once the line is closed."""

    evening_id: UUID
    free: int
    waiting: int
    promoting: bool


async def end_places(work: UnitOfWork, scope: Scope) -> list[Ended]:
    """Cancels the places in scope whose holders are no longer candidates, and all of cancelled evenings."""
    statement, parameters = scope.query(_END, "t.participant_id")
    parameters["returned"] = list(scope.returned)
    return [Ended(**row) for row in (await work.execute(statement, {**parameters, "now": work.now})).mappings()]


async def newcomers(work: UnitOfWork, scope: Scope) -> list[Newcomer]:
    """The candidates in scope for automatic evenings yet to start who have neither ticket nor waiting place."""
    statement, parameters = scope.query(_NEWCOMERS, "p.participant_id")
    return [Newcomer(**row) for row in (await work.execute(statement, {**parameters, "now": work.now})).mappings()]


async def standing(work: UnitOfWork, evenings: Collection[UUID]) -> list[Standing]:
    """How these evenings stand now, in the order of their ids."""
    return [
        Standing(**row)
        for row in (await work.execute(_STANDING, {"evenings": list(evenings), "now": work.now})).mappings()
    ]


async def heads_of_lines(work: UnitOfWork, evenings: Collection[UUID]) -> list[Waiting]:
    """As many from the head of each line as there are free seats."""
    return [Waiting(**row) for row in (await work.execute(_HEADS, {"evenings": list(evenings)})).mappings()]


async def behind(work: UnitOfWork, first: Mapping[UUID, Turn]) -> list[tuple[UUID, Turn]]:
    """The waiting places behind a turn, per evening, in the order of the line."""
    moments, lots = [turn[0] for turn in first.values()], [turn[1] for turn in first.values()]
    rows = await work.execute(_BEHIND, {"evenings": list(first), "moments": moments, "lots": lots})
    return [(row.evening_id, (row.requested_at, row.lot)) for row in rows]


def place(ticket_id: UUID, newcomer: Newcomer, turn: Turn, code: str | None) -> dict[str, Any]:
    """A new row: a ticket with a code, a waiting place without."""
    return {
        "ticket_id": ticket_id,
        "evening_id": newcomer.evening_id,
        "participant_id": newcomer.participant_id,
        "partner": newcomer.partner,
        "requested_at": turn[0],
        "lot": turn[1],
        "code": code,
    }


async def add_places(work: UnitOfWork, places: Sequence[Mapping[str, Any]]) -> None:
    """Writes new rows as made by `place`."""
    columns = {field: [place[field] for place in places] for field in places[0]}
    await work.execute(_ADD, {**columns, "now": work.now})


async def promote(work: UnitOfWork, codes: Mapping[UUID, str]) -> None:
    """Makes waiting places into tickets with these codes."""
    await work.execute(_PROMOTE, {"ticket_id": list(codes), "code": list(codes.values()), "now": work.now})
