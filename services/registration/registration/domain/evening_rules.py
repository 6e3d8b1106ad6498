"""The rules of the programme: an evening is scheduled, or changed, when none of RULES has anything against it.

The form of an evening (fields, order of its parts) is the contract's, which every reader of events holds to as well. A
rule here binds only what is planned from now on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from culture_connect.contracts import Evening, RefusalError, problem
from registration.domain.errors import InvalidRequest

Rule = Callable[[Evening | None, Evening, datetime], RefusalError | None]
"""A rule gets the evening as it was (None: it is new), as it is to be, and the moment; it returns its objection."""


def does_not_move_into_the_past(before: Evening | None, after: Evening, now: datetime) -> RefusalError | None:
    """No letter would tell anybody. One that is over can still be corrected in all but its start."""
    if before is None or after.starts_at == before.starts_at or after.starts_at > now:
        return None
    return problem("in_the_past", "must not move into the past", field="starts_at")


RULES: Final[Sequence[Rule]] = (
    does_not_move_into_the_past,
)  # fmt: skip


def check(before: Evening | None, after: Evening, now: datetime) -> None:
    """Raises InvalidRequest with the objections of all rules."""
    errors = tuple(error for rule in RULES if (error := rule(before, after, now)) is not None)
    if errors:
        raise InvalidRequest(errors=errors)
