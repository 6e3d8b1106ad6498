"""Erasures: which services have still to say that they keep nothing about a participant any more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from culture_connect.messaging.topology import ERASING_SERVICES

_BEGIN = text(
    """
    insert into erasures (participant_id, service, requested_at)
    select participant_id, service, :now
    from unnest(cast(:participant_ids as uuid[])) as erased (participant_id),
        unnest(cast(:services as text[])) as told (service)
    """
)
# The first word counts: a service may say it again.
_COMPLETE = text(
    """
    update erasures set completed_at = said.at
    from unnest(cast(:participant_ids as uuid[]), cast(:services as text[]), cast(:moments as timestamptz[]))
        as said (participant_id, service, at)
    where (erasures.participant_id, erasures.service) = (said.participant_id, said.service) and completed_at is null
    """
)
_FIND = text(
    """
    select partner, requested_at, service, completed_at
    from erasures join participants using (participant_id)
    where participant_id = :participant_id order by service
    """
)
_OPEN = text(
    """
    select count(distinct participant_id) as open,
        count(distinct participant_id) filter (where requested_at < :overdue) as overdue
    from erasures where completed_at is null
    """
)
# The answers to repeated requests are kept for a day: what they say of a person goes at once.
_FORGET_ANSWERS = text(
    """
    update idempotency_keys set body = jsonb_build_object('participant_id', body ->> 'participant_id')
    where body ->> 'participant_id' = any(cast(:participant_ids as text[]))
    """
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure; `services` has for each service when it was done, None while it is open."""

    participant_id: UUID
    partner: str
    requested_at: datetime
    services: dict[str, datetime | None]

    @property
    def completed_at(self) -> datetime | None:
        """Returns the moment at which the last service was done, None while one is open."""
        done = [moment for moment in self.services.values() if moment is not None]
        return max(done) if len(done) == len(self.services) else None


async def begin(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Waits from now on for every service to forget these participants, and forgets what answers said of them."""
    if not participant_ids:
        return
    await work.execute(
        _BEGIN, {"participant_ids": list(participant_ids), "services": list(ERASING_SERVICES), "now": work.now}
    )
    await work.execute(_FORGET_ANSWERS, {"participant_ids": [str(each) for each in participant_ids]})


async def complete(work: UnitOfWork, said: Collection[tuple[UUID, str, datetime]]) -> None:
    """Notes which service was done with which participant, and when; what nobody waits for is passed over."""
    participant_ids, services, moments = zip(*said, strict=True)
    await work.execute(
        _COMPLETE,
        {"participant_ids": list(participant_ids), "services": list(services), "moments": list(moments)},
    )


async def find(work: UnitOfWork, participant_id: UUID) -> Erasure | None:
    """The erasure of this participant."""
    rows = (await work.execute(_FIND, {"participant_id": participant_id})).all()
    if not rows:
        return None
    services = {row.service: row.completed_at for row in rows}
    return Erasure(participant_id, rows[0].partner, rows[0].requested_at, services)


async def count_open(work: UnitOfWork, overdue: datetime) -> tuple[int, int]:
    """Counts the open erasures, and those of them that were asked for before `overdue`."""
    row = (await work.execute(_OPEN, {"overdue": overdue})).one()
    return row.open, row.overdue
