"""Positions on the waiting list: the order in which seats that come free one after the other are granted."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.granting_order import (
    ANY_EVENING,
    BY_ORDER,
    BY_ORDER_WITHIN_PARTNER,
    COMES_BEFORE_AFTER_FILL,
    COMES_BEFORE_FILL,
    IS_EQUAL_BEFORE_FILL,
    OTHERS_OF_ONE,
    SEASON,
    WAITING,
)

_RANKED = f"""
    select ticket_id, participant_id, row_number() over (order by {BY_ORDER}) as position
    from (
        select w.*, s.allotment, s.issued + s.admitted as held,
            row_number() over (partition by w.partner order by {BY_ORDER_WITHIN_PARTNER}) as k
        from ({WAITING}) as w join shares s on s.evening_id = {ANY_EVENING} and s.partner = w.partner
    ) as numbered
"""  # noqa: S608 - constants

_POSITIONS = text(
    f"select participant_id, position from ({_RANKED}) as ranked where participant_id = any(:participants)"  # noqa: S608
)
# The position of one person alone, by counting instead of sorting: of each partner, those who come before. All with
# fewer tickets do (`ahead`). Of those with as many (`equals`), the first `emptier` have a smaller fill than they,
# and the one after these the same, if there is one: then the earlier request comes first. In whole numbers.
_POSITION = text(
    f"""
    with season as materialized ({SEASON}),
    mine as materialized (
        select w.partner, w.requested_at, w.lot, {OTHERS_OF_ONE} as others
        from tickets w
        where w.evening_id = :evening and w.participant_id = :participant and w.state = 'waiting'
    ),
    partner_lists as (
        select s.partner, s.issued + s.admitted as held, greatest(s.allotment, 1) as allotted, ahead, equals, sooner
        from (
            select w.partner,
                count(*) filter (where {COMES_BEFORE_FILL}) as ahead,
                count(*) filter (where {IS_EQUAL_BEFORE_FILL}) as equals,
                count(*) filter (where {IS_EQUAL_BEFORE_FILL} and {COMES_BEFORE_AFTER_FILL}) as sooner
            from mine cross join ({WAITING}) as w
            group by w.partner
        ) as counted join shares s using (partner)
        where s.evening_id = :evening
    ),
    fill as (
        select held + ahead + sooner + 1 as seats, allotted as of
        from partner_lists where partner = (select partner from mine)
    ),
    compared as (
        select ahead, equals, sooner, (seats * allotted - 1) / of - held - ahead as emptier,
            seats * allotted % of = 0 as has_same_fill
        from partner_lists cross join fill
    )
    select 1 + sum(
        ahead + least(greatest(emptier, 0), equals)
        + case when has_same_fill and emptier between 0 and equals - 1 and sooner > emptier then 1 else 0 end
    )
    from compared
    """  # noqa: S608 - constants
)
_CLOSE = text(
    f"""
    insert into decisions (evening_id, participant_id, ticket_id, decided_at, outcome, rule, figures)
    select evening_id, participant_id, ticket_id, :now, 'waiting', 'closed', jsonb_build_object(
        'place', position, 'competing', e.waiting, 'capacity', e.capacity, 'held', e.issued + e.admitted,
        'closed_at', to_char(e.closes_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
    )
    from ({_RANKED}) as ranked cross join evenings e
    where e.evening_id = :evening and not e.cancelled
    order by position
    """  # noqa: S608 - constants
)


async def positions(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, int]:
    """Returns the positions, from 1, of those of these people who wait for the evening."""
    if len(participants) == 1:
        (participant,) = participants
        position = (await work.execute(_POSITION, {"evening": evening, "participant": participant})).scalar()
        return {} if position is None else {participant: int(position)}
    rows = await work.execute(_POSITIONS, {"evening": evening, "participants": list(participants)})
    return {row.participant_id: row.position for row in rows}


async def position(work: UnitOfWork, evening: UUID, participant: UUID) -> int | None:
    """Returns the position of one person, None when they do not wait."""
    return (await positions(work, evening, [participant])).get(participant)


async def close(work: UnitOfWork, evening: UUID) -> None:
    """Records for everybody who waits at the closing that nobody is promoted any more, with their position."""
    await work.execute(_CLOSE, {"evening": evening, "now": work.now})
