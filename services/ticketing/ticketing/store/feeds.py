"""Tickets as box offices list them: to be published again, or under new names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.overviews import NOBODY
from ticketing.store.rows import fetch_all

_EVENING = text("select cast(details as text) from evenings where evening_id = :evening")

# Who went in was let in by one scan: the one that was not refused. Of a ticket that was cancelled since, too.
_TICKETS = text(
    """
    select t.ticket_id, t.evening_id, e.venue, t.code, t.feed_version, t.issued_at,
        coalesce(t.admitted_at, c.counted_at) as admitted_at, t.reason, c.scanner, c.entrance,
        coalesce(p.holder_name, :nobody) as holder_name, s.name as partner_name
    from tickets t join evenings e using (evening_id) join partners s on s.slug = t.partner
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
_RENAMED = text(
    """
    select t.evening_id from tickets t
    join unnest(cast(:participants as uuid[]), cast(:holders as text[])) as new (participant_id, holder_name)
        using (participant_id)
    join participants p using (participant_id)
    where t.state in ('issued', 'admitted') and p.holder_name is distinct from new.holder_name
    union
    select h.evening_id from shares h
    join unnest(cast(:partners as text[]), cast(:names as text[])) as new (partner, name) using (partner)
    join partners s on s.slug = h.partner
    where h.issued + h.admitted > 0 and s.name <> new.name
    """
)

# Tickets issued in this transaction have the new names already; `xmin` tells them. `ticket.issued` says that the holder
# is not in, so for those who are, `ticket.admitted` follows it under a version of its own.
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
    """A ticket with its code and names, as its box office is to list it; when and where its holder went in.

    It no longer counts when there is a `reason`; with `admitted_at` as well, it was cancelled after its holder went in.
    """

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
    reason: str | None = None


async def evenings_to_rename(
    work: UnitOfWork, participants: Mapping[UUID, str | None], partners: Mapping[str, str]
) -> set[UUID]:
    """Returns the evenings whose lists have these participants and partners under other names than those given."""
    parameters = {
        "participants": list(participants),
        "holders": list(participants.values()),
        "partners": list(partners),
        "names": list(partners.values()),
    }
    return set((await work.execute(_RENAMED, parameters)).scalars())


async def rename_holders(
    work: UnitOfWork, evenings: Collection[UUID], participants: Collection[UUID], partners: Collection[str]
) -> list[FeedTicket]:
    """Gives the tickets that these participants and people of these partners hold a new version; returns them."""
    parameters = {"evenings": list(evenings), "participants": list(participants), "partners": list(partners)}
    return await fetch_all(work, FeedTicket, _RENAME, {**parameters, "nobody": NOBODY})


async def evening_details(work: UnitOfWork, evening: UUID) -> bytes:
    """Returns the evening as registration last published it, as JSON."""
    details: str = (await work.execute(_EVENING, {"evening": evening})).scalar_one()
    return details.encode()


async def tickets_in_feed(work: UnitOfWork, evening: UUID, *, after: UUID | None, limit: int) -> list[FeedTicket]:
    """Returns all tickets its box office knows of, by id, from the first one after `after` on."""
    parameters = {"evening": evening, "after": after, "limit": limit, "nobody": NOBODY}
    return await fetch_all(work, FeedTicket, _TICKETS, parameters)
