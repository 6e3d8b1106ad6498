"""Conditions on candidates as SQL: of an evening `e`, a participant `p`, their partner `s` and a place `t`."""

from collections.abc import Mapping
from typing import Final

from ticketing.domain.decisions import Rule
from ticketing.domain.losses import CANCELLATION_REASONS, LOSS_RULES

# `LivePlace.is_active`: of "Candidates" in the allocation rules. Erasure leaves no request time behind.
IS_ACTIVE: Final = """(
    p.requested_at is not null and not s.has_left
    and (p.starts_on is null or p.starts_on <= e.day) and (p.active_until is null or e.day < p.active_until)
)"""

# The conditions of `LOSS_RULES`. A place of an enrolment that was withdrawn before the present one is given up, also
# where withdrawal and re-enrolment arrive in one batch or in the wrong order.
_LOSS_CONDITIONS: Final[Mapping[Rule, str]] = {
    Rule.EVENING_CANCELLED: "e.cancelled",
    Rule.ERASED: "p.erased is not false",
    Rule.PARTNER_LEFT: "s.has_left",
    Rule.ENROLLED_ANEW: """(
        p.participant_id = any(:returned) and t.enrolment < p.withdrawn_version and p.withdrawn_on <= e.day
    )""",
    Rule.WITHDRAWN: f"({IS_ACTIVE} is not true and p.withdrawn_on <= e.day)",
    Rule.NOT_ACTIVE: f"{IS_ACTIVE} is not true",
}


def _case(choices: Mapping[str, str]) -> str:
    """Returns the expression whose value is that of the first condition that holds."""
    return "case " + " ".join(f"when {condition} then '{value}'" for condition, value in choices.items()) + " end"


# The rule by which a place is lost, null while it is kept; the domain has the order.
LOSS_RULE: Final = _case({_LOSS_CONDITIONS[rule]: rule for rule in LOSS_RULES})
IS_LOST: Final = f"({' or '.join(_LOSS_CONDITIONS[rule] for rule in LOSS_RULES)})"
# The reason that is published for a `rule`.
CANCELLATION_REASON: Final = _case({f"rule = '{rule}'": reason for rule, reason in CANCELLATION_REASONS.items()})
