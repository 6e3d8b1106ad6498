"""Changes an evening of the programme."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from culture_connect.contracts import EveningChanged, local_day, problem
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain.errors import DayTaken, EveningIsCancelled, InvalidRequest, Unknown, expect_version
from registration.domain.programme import changed
from registration.store import evenings
from registration.store.evenings import Planned


async def change_evening(
    work: UnitOfWork, evening_id: UUID, changes: Mapping[str, Any], expected: frozenset[int] | None
) -> Planned:
    """Changes these fields (JSON values by name) and publishes the evening, unless nothing is different then.

    `expected` are the versions that it may have (None: any). Raises Unknown, Outdated, EveningIsCancelled, DayTaken or
    InvalidRequest.
    """
    planned = await lock_evening(work, evening_id, expected)
    if planned.cancelled_at is not None:
        raise EveningIsCancelled
    evening, fields = changed(planned.evening, changes, work.now)
    if not fields:
        return planned
    if "allotments" in fields:
        await check_allotments(work, evening.allotments)
    if not await evenings.save(work, evening, local_day(evening.starts_at)):
        raise DayTaken
    events.evening_event(work, EveningChanged(**dict(evening), changed=fields))
    return Planned(evening)


async def lock_evening(work: UnitOfWork, evening_id: UUID, expected: frozenset[int] | None) -> Planned:
    """Returns the evening, locked; raises Unknown or Outdated."""
    planned = await evenings.find(work, evening_id, lock=True)
    if planned is None:
        raise Unknown("evening")
    expect_version(planned.evening.version, expected)
    return planned


async def check_allotments(work: UnitOfWork, allotments: Mapping[str, int] | None) -> None:
    """Checks that seats are set apart for partners only; raises InvalidRequest with the others."""
    unknown = await evenings.unknown_partners(work, allotments) if allotments else []
    if unknown:
        raise InvalidRequest(
            errors=tuple(problem("unknown_partner", "is no partner", field=f"allotments.{slug}") for slug in unknown)
        )
