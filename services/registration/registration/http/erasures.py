"""The progress of an erasure, over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from culture_connect.http import not_found
from registration.http import examples
from registration.http.access import Anyone, visible_partners
from registration.settings import ERASURE_OVERDUE
from registration.store import erasures as store
from registration.store.erasures import Erasure

router = APIRouter(prefix="/erasures", tags=["participants"])


class ServiceView(BaseModel):
    """The moment at which a service was done; null while it is not."""

    service: str
    completed_at: datetime | None


class ErasureView(BaseModel):
    """An erasure; `overdue` when a service has not completed it within 24 hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ERASURE]})

    participant_id: UUID
    requested_at: datetime
    completed_at: datetime | None
    overdue: bool
    services: list[ServiceView]

    @classmethod
    def of(cls, erasure: Erasure, now: datetime) -> Self:
        """As it is at the moment `now`."""
        return cls(
            participant_id=erasure.participant_id,
            requested_at=erasure.requested_at,
            completed_at=erasure.completed_at,
            overdue=erasure.completed_at is None and erasure.requested_at < now - ERASURE_OVERDUE,
            services=[ServiceView(service=name, completed_at=at) for name, at in erasure.services.items()],
        )


@router.get("/{participant_id}")
async def erasure(request: Request, participant_id: UUID, caller: Anyone) -> ErasureView:
    """Lists the services that have forgotten this participant, and the others; 404 for somebody who was not erased."""
    visible = visible_partners(caller)
    async with request.app.state.database.snapshot() as work:
        found = await store.find(work, participant_id)
        if found is None or (visible is not None and found.partner not in visible):
            raise not_found("erasure")
        return ErasureView.of(found, work.now)
