"""Overviews for people: the seats of an evening, and the list of its tickets."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rows import fetch_all, fetch_one

NOBODY = "–"  # the name of a holder who was erased

_EVENING = text(
    """
    select evening_id, venue, season, starts_at, release_at, closes_at, admission, cancelled, capacity, issued,
        admitted, waiting
    from evenings where evening_id = :evening_id
    """
)

_PER_PARTNER = text(
    """
    select partner, allotment, issued, admitted, waiting from shares
    where evening_id = :evening_id and allotment + issued + admitted + waiting > 0
    order by partner
    """
)

_TICKETS = text(
    """
    select t.ticket_id, t.evening_id, t.state, t.code, coalesce(p.holder_name, :nobody) as holder_name,
        s.name as partner_name, t.feed_version as version, t.issued_at, t.admitted_at
    from tickets t left join participants p using (participant_id) join partners s on s.slug = t.partner
    where t.evening_id = :evening_id and t.state in ('issued', 'admitted')
    order by t.ticket_id
    """
)

_HOLDER = text(
    """
    select coalesce(p.holder_name, :nobody) as holder_name, s.name as partner_name, t.ended_at as cancelled_at,
        t.reason as cancelled_as
    from tickets t left join participants p using (participant_id) join partners s on s.slug = t.partner
    where t.ticket_id = :ticket_id
    """
)


@dataclass(frozen=True, slots=True)
class EveningOverview:
    """An evening's seats at this moment."""

    evening_id: UUID
    venue: str
    season: str
    starts_at: datetime
    release_at: datetime
    closes_at: datetime
    admission: str
    cancelled: bool
    capacity: int
    issued: int
    admitted: int
    waiting: int


@dataclass(frozen=True, slots=True)
class PartnerOverview:
    """The seats of an evening kept for one partner, and those its people hold or wait for."""

    partner: str
    allotment: int
    issued: int
    admitted: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ListedTicket:
    """A ticket that counts."""

    ticket_id: UUID
    evening_id: UUID
    state: str
    code: str
    holder_name: str
    partner_name: str
    version: int
    issued_at: datetime
    admitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """The names of a ticket's holder and of their partner; when and why it was cancelled, where it was."""

    holder_name: str
    partner_name: str
    cancelled_at: datetime | None
    cancelled_as: str | None


async def evening(work: UnitOfWork, evening_id: UUID) -> EveningOverview | None:
    """Returns the evening's seats, None when it is not known."""
    return await fetch_one(work, EveningOverview, _EVENING, {"evening_id": evening_id})


async def per_partner(work: UnitOfWork, evening_id: UUID) -> list[PartnerOverview]:
    """Returns the partners for which seats are kept, or whose people hold or wait for them, by slug."""
    return await fetch_all(work, PartnerOverview, _PER_PARTNER, {"evening_id": evening_id})


async def tickets(work: UnitOfWork, evening_id: UUID) -> list[ListedTicket]:
    """Returns all tickets that count, each with the last version its box office received, by id."""
    return await fetch_all(work, ListedTicket, _TICKETS, {"evening_id": evening_id, "nobody": NOBODY})


async def holder(work: UnitOfWork, ticket_id: UUID) -> TicketHolder:
    """Returns the holder of a ticket, which exists."""
    [found] = await fetch_all(work, TicketHolder, _HOLDER, {"ticket_id": ticket_id, "nobody": NOBODY})
    return found
