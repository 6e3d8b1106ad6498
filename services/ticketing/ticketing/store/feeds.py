"""What a box office has been told of an evening, to be told again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.overviews import NOBODY

_EVENING = text("select cast(details as text) from evenings where evening_id = :evening")

# Who went in was let in by one scan: the one that was not refused. Of a ticket that was cancelled since, too.
_TICKETS = text(
    """
    select t.ticket_id, t.code, t.feed_version, t.issued_at, coalesce(t.admitted_at, c.counted_at) as admitted_at,
        t.reason, c.scanner, c.entrance,
        coalesce(p.holder_name, :nobody) as holder_name, s.name as partner_name
    from tickets t join partners s on s.slug = t.partner
    left join participants p using (participant_id)
    left join lateral (
        select scanner, entrance, coalesce(counted_at, scanned_at) as counted_at from scans c
        where t.state in ('admitted', 'cancelled') and c.ticket_id = t.ticket_id and c.refusal is null
    ) as c on true
    where t.evening_id = :evening and t.feed_version > 0
    and (cast(:after as uuid) is null or t.ticket_id > :after)
    order by t.ticket_id limit :limit
    """
)


# The lists of evenings that have begun have the names of today as well, and so have those of who is in.
_LISTING = text(
    """
    select t.evening_id from tickets t
    join unnest(cast(:participants as uuid[]), cast(:holders as text[])) as told (participant_id, holder_name)
        using (participant_id)
    join participants p using (participant_id)
    where t.state in ('issued', 'admitted') and p.holder_name is distinct from told.holder_name
    union
    select h.evening_id from shares h
    join unnest(cast(:partners as text[]), cast(:names as text[])) as told (partner, name) using (partner)
    join partners s on s.slug = h.partner
    where h.issued + h.admitted > 0 and s.name <> told.name
    """
)

# What was issued in this transaction, which no clock tells, has the new names already. `ticket.issued` says that nobody
# is in, so that for who is, `ticket.admitted` follows it under a version of its own.
_RENAME = text(
    """
    update tickets t set feed_version = t.feed_version + case when t.state = 'admitted' then 2 else 1 end
    from (
        select t.ticket_id, e.venue, coalesce(p.holder_name, :nobody) as holder_name, s.name as partner_name,
            c.scanner, c.entrance
        from tickets t join evenings e using (evening_id) join partners s on s.slug = t.partner
        left join participants p using (participant_id)
        left join scans c on t.state = 'admitted' and c.ticket_id = t.ticket_id and c.refusal is null
        where t.state in ('issued', 'admitted') and t.xmin <> cast(pg_current_xact_id() as xid)
        and (t.participant_id = any(:participants) or t.partner = any(:partners))
        and t.evening_id = any(:evenings)
    ) as r
    where r.ticket_id = t.ticket_id
    returning t.ticket_id, t.evening_id, r.venue, t.code, t.feed_version, t.issued_at, t.admitted_at, r.holder_name,
        r.partner_name, r.scanner, r.entrance
    """
)


@dataclass(frozen=True, slots=True)
class FeedTicket:
    """A ticket with its code and names, as its box office is to list it; when and where its holder went in."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    code: str
    feed_version: int
    issued_at: datetime
    holder_name: str
    partner_name: str
    admitted_at: datetime | None = None
    scanner: str | None = None
    entrance: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayedTicket:
    """A ticket that its box office has heard of; with a `reason` when it no longer counts.

    One with both `admitted_at` and a `reason` was cancelled after its holder went in.
    """

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


async def listing(work: UnitOfWork, participants: Mapping[UUID, str | None], partners: Mapping[str, str]) -> set[UUID]:
    """The evenings in whose lists these participants and partners stand under other names than they are told with."""
    parameters = {
        "participants": list(participants),
        "holders": list(participants.values()),
        "partners": list(partners),
        "names": list(partners.values()),
    }
    return set((await work.execute(_LISTING, parameters)).scalars())


async def rename(
    work: UnitOfWork, evenings: Collection[UUID], participants: Collection[UUID], partners: Collection[str]
) -> list[FeedTicket]:
    """The tickets that these participants, and the people of these partners, hold for these evenings."""
    parameters = {"evenings": list(evenings), "participants": list(participants), "partners": list(partners)}
    rows = await work.execute(_RENAME, {**parameters, "nobody": NOBODY})
    return [FeedTicket(**row) for row in rows.mappings()]


async def evening_told(work: UnitOfWork, evening: UUID) -> bytes:
    """The evening as it was last told, as JSON."""
    told: str = (await work.execute(_EVENING, {"evening": evening})).scalar_one()
    return told.encode()


async def tickets_told(work: UnitOfWork, evening: UUID, *, after: UUID | None, limit: int) -> list[ReplayedTicket]:
    """Tickets by id, from the first one after `after` on; waiting places are nothing to a box office."""
    parameters = {"evening": evening, "after": after, "limit": limit, "nobody": NOBODY}
    return [ReplayedTicket(**row) for row in (await work.execute(_TICKETS, parameters)).mappings()]
