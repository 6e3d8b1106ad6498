"""What a box office has been told of an evening, to be told again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.overviews import NOBODY

_EVENING = text("select cast(details as text) from evenings where evening_id = :evening")

# Who went in was let in by one scan: the one that was not refused.
_TICKETS = text(
    """
    select t.ticket_id, t.code, t.feed_version, t.issued_at, t.admitted_at, t.reason, c.scanner, c.entrance,
        coalesce(p.holder_name, :nobody) as holder_name, s.name as partner_name
    from tickets t join partners s on s.slug = t.partner
    left join participants p using (participant_id)
    left join lateral (
        select scanner, entrance from scans c
        where t.admitted_at is not null and c.ticket_id = t.ticket_id and c.refusal is null limit 1
    ) as c on true
    where t.evening_id = :evening and t.feed_version > 0
    and (cast(:after as uuid) is null or t.ticket_id > :after)
    order by t.ticket_id limit :limit
    """
)


# What was issued in this transaction has the new names already.
_RENAME = text(
    """
    update tickets t set feed_version = t.feed_version + 1
    from evenings e, participants p, partners s
    where t.evening_id = any(:evenings) and t.state = 'issued' and t.issued_at < :now
    and (t.participant_id = any(:participants) or t.partner = any(:partners))
    and e.evening_id = t.evening_id and p.participant_id = t.participant_id and s.slug = t.partner
    returning t.ticket_id, t.evening_id, e.venue, t.code, t.feed_version, t.issued_at, p.holder_name,
        s.name as partner_name
    """
)


@dataclass(frozen=True, slots=True)
class TicketAtBoxOffice:
    """A ticket with its code and names, as its box office is to have it in its list."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    code: str
    feed_version: int
    issued_at: datetime
    holder_name: str
    partner_name: str


@dataclass(frozen=True, slots=True)
class TicketTold:
    """A ticket that its box office has heard of; with a `reason` when it no longer counts."""

    ticket_id: UUID
    code: str
    feed_version: int
    issued_at: datetime
    admitted_at: datetime | None
    reason: str | None
    scanner: str | None
    entrance: str | None
    holder_name: str
    partner_name: str


async def rename(
    work: UnitOfWork, evenings: Collection[UUID], participants: Collection[UUID], partners: Collection[str]
) -> list[TicketAtBoxOffice]:
    """The tickets that these participants, and the people of these partners, hold for these evenings."""
    parameters = {"evenings": list(evenings), "participants": list(participants), "partners": list(partners)}
    return [
        TicketAtBoxOffice(**row) for row in (await work.execute(_RENAME, {**parameters, "now": work.now})).mappings()
    ]


async def evening_told(work: UnitOfWork, evening: UUID) -> bytes:
    """The evening as it was last told, as JSON."""
    told: str = (await work.execute(_EVENING, {"evening": evening})).scalar_one()
    return told.encode()


async def tickets_told(work: UnitOfWork, evening: UUID, *, after: UUID | None, limit: int) -> list[TicketTold]:
    """Tickets by id, from the first one after `after` on; waiting places are nothing to a box office."""
    parameters = {"evening": evening, "after": after, "limit": limit, "nobody": NOBODY}
    return [TicketTold(**row) for row in (await work.execute(_TICKETS, parameters)).mappings()]
