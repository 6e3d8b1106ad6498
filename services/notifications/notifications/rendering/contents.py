"""What a letter is written from: kept with the letter once it is being sent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from culture_connect.contracts import Evening, Language, Localised
from notifications.domain.letters import Kind


class _Known(BaseModel):
    """A part of the contents; rows of an older release may hold more than is read today."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Recipient(_Known):
    """Whom the letter is for."""

    given_name: str
    family_name: str
    email: str
    language: Language

    @property
    def name(self) -> str:
        """The name for the address line."""
        return f"{self.given_name} {self.family_name}"


class ToldEvening(Evening):
    """The evening as it was told, with the reason of its cancellation where there was one."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    reason: Localised | None = None


class TicketDetails(_Known):
    """What the last event of the ticket, the offer or the invitation carried: which of these are set depends on it."""

    code: str | None = None
    link: str | None = None
    position: int | None = None
    reason: str | None = None


class Contents(_Known):
    """Everything a letter tells. `holder_name` is the given name of who offers a ticket, None when it is not known."""

    recipient: Recipient
    evening: ToldEvening
    ticket: TicketDetails
    holder_name: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter with its contents. `written_at` is the moment its Date header tells, the same in every repetition."""

    letter_id: UUID
    participant_id: UUID
    evening_id: UUID
    kind: Kind
    sequence: int
    written_at: datetime
    contents: Contents
