"""Places in the line: who would be served before whom, were seats to come free one after the other."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rules import OTHERS

# "Granting", 1 to 4, over everybody who waits. Quotients of whole numbers this small differ in double precision
# whenever the fractions do, and are equal when those are (IEEE 754 rounds correctly): the order is exact.
LINE = f"""
    select ticket_id, participant_id, row_number() over (
        order by others, (held + k)::float8 / greatest(allotment, 1), requested_at, lot
    ) as position
    from (
        select t.ticket_id, t.participant_id, t.requested_at, t.lot, coalesce(o.held, 0) as others, s.allotment,
            s.issued + s.admitted as held,
            row_number() over (partition by t.partner order by coalesce(o.held, 0), t.requested_at, t.lot) as k
        from tickets t join shares s using (evening_id, partner)
        left join ({OTHERS}) as o using (participant_id)
        where t.evening_id = :evening and t.state = 'waiting'
    ) as waiting
"""  # noqa: S608 - constants of this module

_POSITIONS = text(
    f"select participant_id, position from ({LINE}) as line where participant_id = any(:participants)"  # noqa: S608
)
_CLOSE = text(
    f"""
    insert into decisions (evening_id, participant_id, ticket_id, decided_at, outcome, rule, figures)
    select evening_id, participant_id, ticket_id, :now, 'waiting', 'closed', jsonb_build_object(
        'place', position, 'competing', e.waiting, 'capacity', e.capacity, 'held', e.issued + e.admitted,
        'closed_at', to_char(e.closes_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
    )
    from ({LINE}) as line cross join evenings e
    where e.evening_id = :evening and not e.cancelled
    order by position
    """  # noqa: S608 - constants of this module
)


async def positions(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, int]:
    """The places in the evening's line, from 1, of those of these people who wait."""
    rows = await work.execute(_POSITIONS, {"evening": evening, "participants": list(participants)})
    return {row.participant_id: row.position for row in rows}


async def close(work: UnitOfWork, evening: UUID) -> None:
    """Keeps for everybody who waits at the closing that nobody is promoted any more, with their place in the line."""
    await work.execute(_CLOSE, {"evening": evening, "now": work.now})
