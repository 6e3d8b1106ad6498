"""The rules by which a ticket or waiting place is lost to its holder, in their order of precedence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from culture_connect.contracts import CancellationReason
from ticketing.domain.decisions import Rule
from ticketing.domain.participants import Participant


@dataclass(frozen=True, slots=True)
class LivePlace:
    """A ticket or waiting place with what decides whether its holder keeps it.

    `enrolment` is the version it was given under. `participant` is None once erased. `has_returned` when it was just
    learnt that they withdrew and enrolled again.
    """

    day: date
    evening_cancelled: bool
    participant: Participant | None
    partner_left: bool
    enrolment: int
    has_returned: bool = False

    @property
    def is_erased(self) -> bool:
        """True when there is no holder any more."""
        return self.participant is None or self.participant.erased

    @property
    def is_active(self) -> bool:
        """True when the holder is a candidate of the evening (allocation rules, "Candidates")."""
        return self.participant is not None and not self.partner_left and self.participant.is_active_on(self.day)

    @property
    def is_after_withdrawal(self) -> bool:
        """True when the evening is on or after the day of the holder's last withdrawal."""
        withdrawn_on = self.participant.withdrawn_on if self.participant else None
        return withdrawn_on is not None and withdrawn_on <= self.day

    @property
    def is_of_former_enrolment(self) -> bool:
        """True for a place of an enrolment that was withdrawn before the present one."""
        version = self.participant.withdrawn_version if self.participant else 0
        return self.has_returned and self.enrolment < version and self.is_after_withdrawal


# The first rule that applies is the reason; `store.eligibility` builds its SQL in the same order.
LOSS_RULES: Final[Mapping[Rule, Callable[[LivePlace], bool]]] = {
    Rule.EVENING_CANCELLED: lambda place: place.evening_cancelled,
    Rule.ERASED: lambda place: place.is_erased,
    Rule.PARTNER_LEFT: lambda place: place.partner_left,
    Rule.ENROLLED_ANEW: lambda place: place.is_of_former_enrolment,
    Rule.WITHDRAWN: lambda place: not place.is_active and place.is_after_withdrawal,
    Rule.NOT_ACTIVE: lambda place: not place.is_active,
}

# The reason that `ticket.cancelled` gives for each rule.
CANCELLATION_REASONS: Final[Mapping[Rule, CancellationReason]] = {
    Rule.EVENING_CANCELLED: CancellationReason.EVENING_CANCELLED,
    Rule.ERASED: CancellationReason.ERASED,
    Rule.PARTNER_LEFT: CancellationReason.WITHDRAWN,
    Rule.ENROLLED_ANEW: CancellationReason.WITHDRAWN,
    Rule.WITHDRAWN: CancellationReason.WITHDRAWN,
    Rule.NOT_ACTIVE: CancellationReason.REVOKED,
}


def loss_rule(place: LivePlace) -> Rule | None:
    """Returns the rule by which the place is lost, None when its holder keeps it."""
    return next((rule for rule, applies in LOSS_RULES.items() if applies(place)), None)
