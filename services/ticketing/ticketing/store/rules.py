"""Conditions that several queries share, as SQL: of an evening `e`, a participant `p` and their partner `s`."""

# "Candidates" of the allocation rules: somebody whose enrolment was told, active on the evening's local day, of a
# partner that takes part. Erasure leaves no request time behind.
IS_ACTIVE = """(
    p.requested_at is not null and not s.has_left
    and (p.starts_on is null or p.starts_on <= e.day) and (p.active_until is null or e.day < p.active_until)
)"""

# `:evening` as one that the planner knows nothing about. Of an evening that has just opened it has no statistics yet,
# and takes its fifty thousand places for one; like this it plans for an average evening.
ANY_EVENING = "(select cast(:evening as uuid))"

# The other evenings of the season of `:evening`.
SEASON = """
    select other.evening_id from evenings other
    where other.season = (select season from evenings where evening_id = :evening)
    and other.evening_id <> :evening and not other.cancelled
"""

# How many tickets everybody holds for those ("Granting", 1) ...
OTHERS = f"""
    select o.participant_id, count(*) as held
    from tickets o
    where o.evening_id in ({SEASON}) and o.state in ('issued', 'admitted')
    group by o.participant_id
"""  # noqa: S608 - constants of this module

# ... and how many the one person of a waiting place `w`, below `season as materialized (SEASON)`: looked up in
# microseconds, where counting those of everybody takes milliseconds.
HELD = """(
    select count(*) from tickets o
    where o.participant_id = w.participant_id and o.state in ('issued', 'admitted')
    and o.evening_id in (select evening_id from season)
)"""
