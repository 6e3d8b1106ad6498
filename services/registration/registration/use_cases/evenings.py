"""The programme: evenings are scheduled, changed and called off."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    EveningCancelled,
    EveningChanged,
    EveningDraft,
    EveningScheduled,
    Localised,
    local_day,
    problem,
)
from culture_connect.messaging import UnitOfWork, core_event
from registration.domain.errors import DayTaken, EveningIsCancelled, InvalidRequest, Unknown, expect_version
from registration.domain.programme import changed, filled
from registration.store import evenings
from registration.store.evenings import Planned


async def schedule(work: UnitOfWork, draft: EveningDraft, evening_id: UUID) -> Planned:
    """Puts an evening into the programme and tells the other services; raises DayTaken or InvalidRequest."""
    await _know_partners(work, draft.allotments)
    evening = filled(draft, evening_id, version=1)
    if not await evenings.add(work, evening, local_day(evening.starts_at)):
        raise DayTaken
    event = EveningScheduled(**dict(evening))
    work.emit(event, core_event(event, evening.venue), subject=str(evening_id))
    return Planned(evening)


async def change(
    work: UnitOfWork, evening_id: UUID, changes: Mapping[str, Any], expected: frozenset[int] | None
) -> Planned:
    """Changes these fields (JSON values by name) and tells the other services, unless nothing is different then.

    `expected` are the versions that it may have (None: any). Raises Unknown, Outdated, EveningIsCancelled, DayTaken or
    InvalidRequest.
    """
    planned = await _lock(work, evening_id, expected)
    if planned.cancelled_at is not None:
        raise EveningIsCancelled
    evening, fields = changed(planned.evening, changes, work.now)
    if not fields:
        return planned
    if "allotments" in fields:
        await _know_partners(work, evening.allotments)
    if not await evenings.save(work, evening, local_day(evening.starts_at)):
        raise DayTaken
    event = EveningChanged(**dict(evening), changed=fields)
    work.emit(event, core_event(event, evening.venue), subject=str(evening_id))
    return Planned(evening)


async def cancel(
    work: UnitOfWork, evening_id: UUID, reason: Localised | None, expected: frozenset[int] | None = None
) -> Planned:
    """Calls an evening off and tells the other services, once; raises Unknown or Outdated (see `change`)."""
    planned = await evenings.find(work, evening_id, lock=True)
    if planned is not None and planned.cancelled_at is not None:
        return planned
    planned = await _lock(work, evening_id, expected)
    evening = planned.evening.model_copy(update={"version": planned.evening.version + 1})
    planned = replace(planned, evening=evening, cancelled_at=work.now, reason=reason)
    await evenings.cancel(work, planned)
    event = EveningCancelled(**dict(evening), reason=reason)
    work.emit(event, core_event(event, evening.venue), subject=str(evening_id))
    return planned


async def _lock(work: UnitOfWork, evening_id: UUID, expected: frozenset[int] | None) -> Planned:
    planned = await evenings.find(work, evening_id, lock=True)
    if planned is None:
        raise Unknown("evening")
    expect_version(planned.evening.version, expected)
    return planned


async def _know_partners(work: UnitOfWork, allotments: Mapping[str, int] | None) -> None:
    """Seats can be set apart for partners only; raises InvalidRequest with those that are none."""
    unknown = await evenings.unknown_partners(work, allotments) if allotments else []
    if unknown:
        raise InvalidRequest(
            errors=tuple(problem("unknown_partner", "is no partner", field=f"allotments.{slug}") for slug in unknown)
        )
