"""Cancels an evening of the programme."""

from dataclasses import replace
from uuid import UUID

from culture_connect.contracts import EveningCancelled, Localised
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.store import evenings
from registration.store.evenings import Planned
from registration.use_cases.change_evening import lock_evening


async def cancel_evening(
    work: UnitOfWork, evening_id: UUID, reason: Localised | None, expected: frozenset[int] | None = None
) -> Planned:
    """Cancels an evening and publishes that, once; raises Unknown or Outdated (see `change_evening`)."""
    planned = await evenings.find(work, evening_id, lock=True)
    if planned is not None and planned.cancelled_at is not None:
        return planned
    planned = await lock_evening(work, evening_id, expected)
    evening = planned.evening.model_copy(update={"version": planned.evening.version + 1})
    planned = replace(planned, evening=evening, cancelled_at=work.now, reason=reason)
    await evenings.cancel(work, planned)
    events.evening_event(work, EveningCancelled(**dict(evening), reason=reason))
    return planned
