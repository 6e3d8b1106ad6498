"""Conditions that several queries share, as SQL: of an evening `e`, a participant `p` and their partner `s`."""

# "Candidates" of the allocation rules: somebody whose enrolment was told, active on the evening's local day, of a
# partner that takes part. Erasure leaves no request time behind.
IS_ACTIVE = """(
    p.requested_at is not null and not s.has_left
    and (p.starts_on is null or p.starts_on <= e.day) and (p.active_until is null or e.day < p.active_until)
)"""

# How many tickets somebody holds for other evenings of the season ("Granting", 1).
OTHERS = """
    select o.participant_id, count(*) as held
    from evenings season join tickets o using (evening_id)
    where season.season = (select season from evenings where evening_id = :evening)
    and season.evening_id <> :evening and not season.cancelled and o.state in ('issued', 'admitted')
    group by o.participant_id
"""
