"""Tickets and waiting places, as the API shows them."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ticketing.domain.tickets import Place, TicketState
from ticketing.http import examples


class PlaceView(BaseModel):
    """A ticket or a place in the line; `position` while waiting, `reason` once it is no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PLACE]})

    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    state: TicketState
    position: int | None = None
    reason: str | None = None

    @classmethod
    def of(cls, place: Place, position: int | None) -> Self:
        """Returns the view of a place, with its position while it waits."""
        return cls(
            ticket_id=place.ticket_id,
            evening_id=place.evening_id,
            participant_id=place.participant_id,
            state=place.state,
            position=position,
            reason=place.reason,
        )
