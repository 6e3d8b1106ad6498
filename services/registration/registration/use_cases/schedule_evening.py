"""Puts an evening into the programme."""

from uuid import UUID

from culture_connect.contracts import EveningDraft, EveningScheduled, local_day
from culture_connect.messaging import UnitOfWork
from registration import events
from registration.domain import evening_rules
from registration.domain.errors import DayTaken
from registration.domain.programme import filled
from registration.store import evenings
from registration.store.evenings import Planned
from registration.use_cases.change_evening import check_allotments


async def schedule_evening(work: UnitOfWork, draft: EveningDraft, evening_id: UUID) -> Planned:
    """Puts an evening into the programme and publishes it; raises DayTaken or InvalidRequest."""
    await check_allotments(work, draft.allotments)
    evening = filled(draft, evening_id, version=1)
    evening_rules.check(None, evening, work.now)
    if not await evenings.add(work, evening, local_day(evening.starts_at)):
        raise DayTaken
    events.evening_event(work, EveningScheduled(**dict(evening)))
    return Planned(evening)
