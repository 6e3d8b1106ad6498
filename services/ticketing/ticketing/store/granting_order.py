"""The order of granting as SQL, built from `domain.allocation.ORDER` ("Granting", 1 to 4), for every statement.

Tickets of other evenings change under the locks of those, and nobody but the holder of an evening's own lock writes
its places. So a waiting place carries a count of them (`tickets.others`), which `store.promotions` keeps up to date.
"""

from collections.abc import Sequence
from typing import Final

from ticketing.domain.allocation import ORDER, ORDER_WITHIN_PARTNER

# `:evening` as one that the planner knows nothing about. Of an evening that has just opened it has no statistics yet,
# and takes its fifty thousand places for one; like this it plans for an average evening.
ANY_EVENING: Final = "(select cast(:evening as uuid))"

# The other evenings of the season of `:evening`.
SEASON: Final = """
    select other.evening_id from evenings other
    where other.season = (select season from evenings where evening_id = :evening)
    and other.evening_id <> :evening and not other.cancelled
"""

# The number of tickets everybody holds for those ("Granting", 1) ...
OTHERS: Final = f"""
    select o.participant_id, count(*) as held
    from tickets o
    where o.evening_id in ({SEASON}) and o.state in ('issued', 'admitted')
    group by o.participant_id
"""  # noqa: S608 - constants of this module

# ... and the number that the one person of a waiting place `w` holds, below `season as materialized (SEASON)`: looked
# up in microseconds, where counting those of everybody takes milliseconds.
OTHERS_OF_ONE: Final = """(
    select count(*) from tickets o
    where o.participant_id = w.participant_id and o.state in ('issued', 'admitted')
    and o.evening_id in (select evening_id from season)
)"""

# Everybody who waits for the evening, with their `others` counted now.
WAITING: Final = f"""
    select t.ticket_id, t.participant_id, t.partner, t.requested_at, t.lot, coalesce(o.held, 0) as others
    from tickets t left join ({OTHERS}) as o using (participant_id)
    where t.evening_id = {ANY_EVENING} and t.state = 'waiting'
"""  # noqa: S608 - constants of this module

# The columns of a waiting place that hold what the domain compares. The fill is that of the `k`-th of a partner that
# holds `held` seats: quotients of whole numbers this small differ in double precision whenever the fractions do, and
# are equal when those are (IEEE 754 rounds correctly), so the order is exact.
_COLUMNS: Final = {
    "other_evenings": "others",
    "fill": "(held + k)::float8 / greatest(allotment, 1)",
    "requested_at": "requested_at",
    "tiebreaker": "lot",
}


def _columns(names: Sequence[str], of: str = "") -> str:
    return ", ".join(f"{of}{_COLUMNS[name]}" for name in names)


BY_ORDER: Final = _columns(ORDER)
BY_ORDER_WITHIN_PARTNER: Final = _columns(ORDER_WITHIN_PARTNER, "w.")

# For a comparison of two waiting places `w` and `mine` step by step: what comes before the fill, and what after it.
_BEFORE_FILL, _AFTER_FILL = ORDER[: ORDER.index("fill")], ORDER[ORDER.index("fill") + 1 :]
COMES_BEFORE_FILL: Final = f"({_columns(_BEFORE_FILL, 'w.')}) < ({_columns(_BEFORE_FILL, 'mine.')})"
IS_EQUAL_BEFORE_FILL: Final = f"({_columns(_BEFORE_FILL, 'w.')}) = ({_columns(_BEFORE_FILL, 'mine.')})"
COMES_BEFORE_AFTER_FILL: Final = f"({_columns(_AFTER_FILL, 'w.')}) < ({_columns(_AFTER_FILL, 'mine.')})"
