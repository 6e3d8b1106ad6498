"""Changes of an evening (contract, "An evening")."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    Evening,
    EveningDraft,
    ValidationError,
    default_closing,
    default_release,
    problem,
    refusals,
)
from registration.domain import evening_rules
from registration.domain.errors import InvalidRequest

_FIELDS = tuple(EveningDraft.model_fields)


def filled(draft: EveningDraft, evening_id: UUID, version: int) -> Evening:
    """Returns the evening with nothing left open; raises InvalidRequest when a default is too long ago to be meant."""
    try:
        return draft.filled(evening_id, version)
    except ValidationError as error:
        raise InvalidRequest(errors=tuple(refusals(error))) from None


def changed(evening: Evening, changes: Mapping[str, Any], now: datetime) -> tuple[Evening, list[str]]:
    """Returns the evening with these fields (JSON values by name) changed, and the names of those that really differ.

    Release and closing move along with the start where they were at their defaults and are not among `changes`. The
    version grows by one when anything changed. Raises InvalidRequest when the result would break a rule of the contract
    or one of `evening_rules`, or the venue would be another: its box office knows the evening already.
    """
    if changes.get("venue", evening.venue) != evening.venue:
        detail = "cannot be changed: call the evening off and schedule another"
        raise InvalidRequest(errors=(problem("fixed", detail, field="venue"),))
    before = evening.model_dump(mode="json", include=set(_FIELDS))
    if evening.release_at == default_release(evening.starts_at):
        before["release_at"] = None
    if evening.closes_at == default_closing(evening.starts_at):
        before["closes_at"] = None
    try:
        draft = EveningDraft.model_validate({**before, **changes})
    except ValidationError as error:
        raise InvalidRequest(errors=tuple(refusals(error))) from None
    after = filled(draft, evening.evening_id, evening.version + 1)
    different = [name for name in _FIELDS if getattr(after, name) != getattr(evening, name)]
    evening_rules.check(evening, after, now)
    return (after, different) if different else (evening, [])
