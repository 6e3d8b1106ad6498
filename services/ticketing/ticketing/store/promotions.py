"""The next on the waiting list: of each partner the first of those who wait, in its own order.

That order begins with the tickets somebody holds for other evenings of the season ("Granting", 1). A waiting place
carries their number as `others`, in the index of the waiting list, so that the first are found without reading those
behind them. Before they are read, `recount` counts what other evenings have decided since the last time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.allocation import Candidate
from ticketing.store.granting_order import ANY_EVENING, BY_ORDER_WITHIN_PARTNER, OTHERS_OF_ONE, SEASON
from ticketing.store.rows import fetch_all

# Decisions of one evening get their numbers under its lock, so below the newest that is seen no other can appear. An
# evening without `seen` has joined the season, one without `latest` has left it or was called off; a row of nulls
# stands for places that were never counted. Compared as rows for the reason that `store.decisions` gives.
_OUTDATED = text(
    f"""
    with season as materialized ({SEASON})
    select other_id, seen, latest from (
        select coalesce(s.evening_id, m.other_id) as other_id, m.decision_id as seen,
            case when s.evening_id is not null then coalesce(newest.decision_id, 0) end as latest
        from season s
        full join (select other_id, decision_id from line_watermarks where evening_id = :evening) as m
            on m.other_id = s.evening_id
        left join lateral (
            select d.decision_id from decisions d
            where (d.evening_id, d.decision_id) <= (s.evening_id, 9223372036854775807) and d.evening_id >= s.evening_id
            order by d.evening_id desc, d.decision_id desc limit 1
        ) as newest on true
    ) as marks
    where latest is null or latest is distinct from seen
    union all
    select null, null, null where exists (
        select from tickets w where w.evening_id = {ANY_EVENING} and w.state = 'waiting' and w.others is null
    )
    """  # noqa: S608 - constants of this module
)

# Counts those decided about since, and all who hold tickets of an evening that joined or left the season. `offset 0`
# has each of them looked up by index, whatever the planner takes their number for.
_RECOUNT = text(
    f"""
    with season as materialized ({SEASON}),
    outdated as materialized (
        select * from unnest(cast(:other_ids as uuid[]), cast(:seen as bigint[]), cast(:latest as bigint[]))
            as outdated (other_id, seen, latest)
    ),
    recounted as materialized (
        select d.participant_id from outdated cross join lateral (
            select participant_id from decisions
            where evening_id = outdated.other_id and decision_id > coalesce(outdated.seen, 0) and outcome <> 'waiting'
            offset 0
        ) as d
        union
        select o.participant_id from outdated cross join lateral (
            select participant_id from tickets
            where evening_id = outdated.other_id and state in ('issued', 'admitted')
            and (outdated.seen is null or outdated.latest is null) offset 0
        ) as o
    ),
    affected as materialized (
        select w.* from recounted cross join lateral (
            select ticket_id, participant_id, others from tickets
            where evening_id = {ANY_EVENING} and participant_id = recounted.participant_id and state = 'waiting'
            offset 0
        ) as w
        union all
        select ticket_id, participant_id, others from tickets
        where evening_id = {ANY_EVENING} and state = 'waiting' and others is null
    ),
    marked as (
        insert into line_watermarks as m (evening_id, other_id, decision_id)
        select :evening, s.evening_id, b.latest from season s left join outdated b on b.other_id = s.evening_id
        on conflict (evening_id, other_id) do update set decision_id = coalesce(excluded.decision_id, m.decision_id)
    ),
    unmarked as (
        delete from line_watermarks
        where evening_id = :evening and other_id = any(:other_ids) and other_id not in (select evening_id from season)
    )
    update tickets w set others = {OTHERS_OF_ONE}
    where w.ticket_id = any(array(select w.ticket_id from affected w where w.others is distinct from {OTHERS_OF_ONE}))
    """  # noqa: S608 - constants of this module
)

_NEXT = text(
    f"""
    select t.ticket_id, t.participant_id, t.partner, t.requested_at, t.lot as tiebreaker, t.version, t.feed_version,
        t.others as other_evenings, p.holder_name, s.name as partner_name
    from unnest(cast(:partners as text[]), cast(:limits as int[])) as wanted (partner, most) cross join lateral (
        select w.ticket_id, w.participant_id, w.partner, w.requested_at, w.lot, w.version, w.feed_version, w.others
        from tickets w
        where w.evening_id = {ANY_EVENING} and w.partner = wanted.partner and w.state = 'waiting'
        order by {BY_ORDER_WITHIN_PARTNER} limit wanted.most
    ) as t
    join participants p using (participant_id) join partners s on s.slug = t.partner
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """A waiting place near the head of its waiting list."""

    ticket_id: UUID
    participant_id: UUID
    partner: str
    requested_at: datetime
    tiebreaker: bytes
    version: int
    feed_version: int
    other_evenings: int
    holder_name: str
    partner_name: str

    def candidate(self) -> Candidate:
        """Returns the person as a candidate of a round."""
        return Candidate(self.participant_id, self.partner, self.other_evenings, self.requested_at, self.tiebreaker)


async def recount(work: UnitOfWork, evening: UUID) -> None:
    """Brings `others` of the evening's waiting places up to date. The caller holds the evening's lock.

    Takes one short statement while nothing was decided elsewhere, and looks up those it was decided about otherwise.
    """
    outdated = (await work.execute(_OUTDATED, {"evening": evening})).all()
    if outdated:
        other_ids, seen, latest = zip(*outdated, strict=True)
        parameters = {"evening": evening, "other_ids": other_ids, "seen": seen, "latest": latest}
        await work.execute(_RECOUNT, parameters)


async def next_waiting(work: UnitOfWork, evening: UUID, limits: Mapping[str, int]) -> list[WaitingPlace]:
    """Returns of each of these partners as many of those who wait as its limit says, the first; after `recount`."""
    parameters = {"evening": evening, "partners": list(limits), "limits": list(limits.values())}
    return await fetch_all(work, WaitingPlace, _NEXT, parameters)
