"""The programme: evenings are scheduled and called off."""

from dataclasses import replace
from uuid import UUID

from culture_connect.contracts import EveningCancelled, EveningDraft, EveningScheduled, Localised
from culture_connect.messaging import UnitOfWork, core_event
from registration.domain.calendar import local_day
from registration.store import evenings
from registration.store.evenings import Planned


class DayTaken(Exception):
    """The season has an evening on this day already (contract: at most one a day)."""


class UnknownPartners(Exception):
    """Seats are set apart for partners that do not exist; `slugs` are theirs."""

    def __init__(self, slugs: list[str]) -> None:
        super().__init__(", ".join(slugs))
        self.slugs = slugs


async def schedule(work: UnitOfWork, draft: EveningDraft, evening_id: UUID) -> Planned:
    """Puts an evening into the programme and tells the other services; raises DayTaken or UnknownPartners."""
    if draft.allotments and (unknown := await evenings.unknown_partners(work, draft.allotments)):
        raise UnknownPartners(unknown)
    evening = draft.filled(evening_id, version=1)
    if not await evenings.add(work, evening, local_day(evening.starts_at)):
        raise DayTaken
    event = EveningScheduled(**dict(evening))
    work.emit(event, core_event(event, evening.venue), subject=str(evening_id))
    return Planned(evening)


async def cancel(work: UnitOfWork, evening_id: UUID, reason: Localised | None) -> Planned | None:
    """Calls an evening off and tells the other services, once; None when there is no such evening."""
    planned = await evenings.find(work, evening_id, lock=True)
    if planned is None or planned.cancelled_at is not None:
        return planned
    evening = planned.evening.model_copy(update={"version": planned.evening.version + 1})
    planned = replace(planned, evening=evening, cancelled_at=work.now, reason=reason)
    await evenings.cancel(work, planned)
    event = EveningCancelled(**dict(evening), reason=reason)
    work.emit(event, core_event(event, evening.venue), subject=str(evening_id))
    return planned
