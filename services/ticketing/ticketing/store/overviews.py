"""What people look at: how full an evening is, and the list of its tickets."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_EVENING = text(
    """
    select evening_id, venue, season, starts_at, cancelled, capacity, issued, admitted, waiting
    from evenings where evening_id = :evening_id
    """
)

_PER_PARTNER = text(
    """
    select partner, count(*) filter (where state = 'issued') as issued,
        count(*) filter (where state = 'admitted') as admitted, count(*) filter (where state = 'waiting') as waiting
    from tickets where evening_id = :evening_id and state <> 'cancelled'
    group by partner order by partner
    """
)

_TICKETS = text(
    """
    select t.ticket_id, t.state, t.code, p.holder_name, s.name as partner_name, t.feed_version as version, t.issued_at,
        t.admitted_at
    from tickets t join participants p using (participant_id) join partners s on s.slug = t.partner
    where t.evening_id = :evening_id and t.state in ('issued', 'admitted')
    order by t.ticket_id
    """
)

_HOLDER = text(
    """
    select p.holder_name, s.name as partner_name
    from tickets t join participants p using (participant_id) join partners s on s.slug = t.partner
    where t.ticket_id = :ticket_id
    """
)


@dataclass(frozen=True, slots=True)
class EveningNow:
    """An evening's seats at this moment."""

    evening_id: UUID
    venue: str
    season: str
    starts_at: datetime
    cancelled: bool
    capacity: int
    issued: int
    admitted: int
    waiting: int


@dataclass(frozen=True, slots=True)
class PartnerNow:
    """What one partner's people hold of an evening."""

    partner: str
    issued: int
    admitted: int
    waiting: int


@dataclass(frozen=True, slots=True)
class TicketNow:
    """A ticket that counts; the holder's name is None when they were erased after they went in."""

    ticket_id: UUID
    state: str
    code: str
    holder_name: str | None
    partner_name: str
    version: int
    issued_at: datetime
    admitted_at: datetime | None


async def evening(work: UnitOfWork, evening_id: UUID) -> EveningNow | None:
    """The evening's seats, None when it was never told of."""
    row = (await work.execute(_EVENING, {"evening_id": evening_id})).mappings().one_or_none()
    return EveningNow(**row) if row else None


async def per_partner(work: UnitOfWork, evening_id: UUID) -> list[PartnerNow]:
    """The partners whose people hold or wait for seats, by slug."""
    return [PartnerNow(**row) for row in (await work.execute(_PER_PARTNER, {"evening_id": evening_id})).mappings()]


async def tickets(work: UnitOfWork, evening_id: UUID) -> list[TicketNow]:
    """All tickets that count, each with the version its box office was last told, by id."""
    return [TicketNow(**row) for row in (await work.execute(_TICKETS, {"evening_id": evening_id})).mappings()]


async def holder(work: UnitOfWork, ticket_id: UUID) -> tuple[str | None, str]:
    """The names of the ticket's holder and of their partner."""
    row = (await work.execute(_HOLDER, {"ticket_id": ticket_id})).one()
    return row.holder_name, row.partner_name
