"""Places in the line: who would be served before whom, were seats to come free one after the other."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rules import ANY_EVENING, HELD, OTHERS, SEASON

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
        where t.evening_id = {ANY_EVENING} and t.state = 'waiting'
    ) as waiting
"""  # noqa: S608 - constants of this module

_POSITIONS = text(
    f"select participant_id, position from ({LINE}) as line where participant_id = any(:participants)"  # noqa: S608
)
# The place of one person alone, by counting instead of sorting: of each partner, those who come before. All with
# fewer tickets do (`ahead`). Of those with as many (`beside`), the first `emptier` stand at a smaller fill than they,
# and the one after these at the same, if there is one: then who asked sooner comes first. In whole numbers.
_POSITION = text(
    f"""
    with season as materialized ({SEASON}),
    mine as materialized (
        select w.partner, w.requested_at, w.lot, {HELD} as others
        from tickets w
        where w.evening_id = :evening and w.participant_id = :participant and w.state = 'waiting'
    ),
    lines as (
        select s.partner, s.issued + s.admitted as held, greatest(s.allotment, 1) as allotted, ahead, beside, sooner
        from (
            select w.partner,
                count(*) filter (where coalesce(o.held, 0) < m.others) as ahead,
                count(*) filter (where coalesce(o.held, 0) = m.others) as beside,
                count(*) filter (
                    where coalesce(o.held, 0) = m.others and (w.requested_at, w.lot) < (m.requested_at, m.lot)
                ) as sooner
            from mine m cross join tickets w left join ({OTHERS}) as o using (participant_id)
            where w.evening_id = {ANY_EVENING} and w.state = 'waiting'
            group by w.partner
        ) as counted join shares s using (partner)
        where s.evening_id = :evening
    ),
    fill as (
        select held + ahead + sooner + 1 as seats, allotted as of from lines where partner = (select partner from mine)
    ),
    compared as (
        select ahead, beside, sooner, (seats * allotted - 1) / of - held - ahead as emptier,
            seats * allotted % of = 0 as one_is_even
        from lines cross join fill
    )
    select 1 + sum(
        ahead + least(greatest(emptier, 0), beside)
        + case when one_is_even and emptier between 0 and beside - 1 and sooner > emptier then 1 else 0 end
    )
    from compared
    """  # noqa: S608 - constants of this module
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
    if len(participants) == 1:
        (participant,) = participants
        place = (await work.execute(_POSITION, {"evening": evening, "participant": participant})).scalar()
        return {} if place is None else {participant: int(place)}
    rows = await work.execute(_POSITIONS, {"evening": evening, "participants": list(participants)})
    return {row.participant_id: row.position for row in rows}


async def close(work: UnitOfWork, evening: UUID) -> None:
    """Keeps for everybody who waits at the closing that nobody is promoted any more, with their place in the line."""
    await work.execute(_CLOSE, {"evening": evening, "now": work.now})
