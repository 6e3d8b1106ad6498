"""Places and open offers of people whose address changed: their codes and links went to the old one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.offers import OfferedTicket
from ticketing.store.rows import fetch_all

# Holders who are in need no code any more, and evenings that are over or cancelled none either.
_COUNTS: Final = (
    "t.state in ('issued', 'waiting') and not e.cancelled and cast(e.details ->> 'ends_at' as timestamptz) > :now"
)

_EVENINGS = text(
    f"""
    select distinct t.evening_id
    from unnest(cast(:participants as uuid[]), cast(:addresses as bytea[])) as new (participant_id, address_sha256)
    join participants p using (participant_id) join tickets t using (participant_id) join evenings e using (evening_id)
    where p.address_sha256 <> new.address_sha256 and {_COUNTS}
    """  # noqa: S608 - constants
)
_PLACES = text(
    f"""
    select t.ticket_id, t.evening_id, e.venue, t.participant_id, t.state = 'waiting' as is_waiting, t.version,
        t.feed_version, t.generation, t.issued_at, p.holder_name, s.name as partner_name
    from tickets t join evenings e using (evening_id) join participants p using (participant_id)
    join partners s on s.slug = t.partner
    where t.participant_id = any(:participants) and t.evening_id = any(:evenings) and {_COUNTS}
    order by t.evening_id, t.ticket_id
    """  # noqa: S608 - constants
)
_REISSUE = text(
    """
    update tickets t
    set version = t.version + 1, code = coalesce(new.code, t.code),
        feed_version = t.feed_version + case when new.code is null then 0 else 1 end,
        generation = t.generation + case when new.code is null then 0 else 1 end,
        replaced_at = case when new.code is null then t.replaced_at else :now end
    from unnest(cast(:tickets as uuid[]), cast(:codes as text[])) as new (ticket_id, code)
    where t.ticket_id = new.ticket_id
    """
)
_OFFERS = text(
    """
    select o.offer_id, o.ticket_id, o.evening_id, e.venue, t.participant_id as holder_id,
        o.participant_id as colleague_id
    from offers o join tickets t using (ticket_id) join evenings e on e.evening_id = o.evening_id
    where o.participant_id = any(:participants) and o.evening_id = any(:evenings) and o.state = 'open'
        and t.state = 'issued' and not e.cancelled and e.starts_at > :now
    order by o.offer_id
    """
)


@dataclass(frozen=True, slots=True)
class AffectedPlace:
    """A ticket or waiting place whose holder has another address."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID
    is_waiting: bool
    version: int
    feed_version: int
    generation: int
    issued_at: datetime | None
    holder_name: str
    partner_name: str


async def affected_evenings(work: UnitOfWork, addresses: Mapping[UUID, bytes]) -> set[UUID]:
    """Returns the evenings for which these people have places, if their known address has another hash than this."""
    parameters = {"participants": list(addresses), "addresses": list(addresses.values()), "now": work.now}
    return set((await work.execute(_EVENINGS, parameters)).scalars())


async def affected_places(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID]
) -> list[AffectedPlace]:
    """Returns the places of these people that still count, evening after evening."""
    parameters = {"participants": list(people), "evenings": list(evenings), "now": work.now}
    return await fetch_all(work, AffectedPlace, _PLACES, parameters)


async def reissue(work: UnitOfWork, codes: Mapping[UUID, str | None]) -> None:
    """Gives these places their next version, and tickets the code of their next generation."""
    await work.execute(_REISSUE, {"tickets": list(codes), "codes": list(codes.values()), "now": work.now})


async def affected_offers(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID]
) -> list[OfferedTicket]:
    """Returns the open offers to these people."""
    parameters = {"participants": list(people), "evenings": list(evenings), "now": work.now}
    return await fetch_all(work, OfferedTicket, _OFFERS, parameters)
