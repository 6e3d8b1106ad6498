"""The data that a mail is rendered from, kept with its letter once it is being sent."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from culture_connect.contracts import Evening, Language, Localised, Venue
from culture_connect.contracts.names import full_name
from notifications.domain.catalogue import Kind


class _Known(BaseModel):
    """A part of the contents; rows of an older release may hold more than is read today."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Recipient(_Known):
    """The addressee of the mail: a participant, or without names the contact of a partner."""

    email: str
    language: Language
    given_name: str | None = None
    family_name: str | None = None

    @property
    def name(self) -> str:
        """Returns the name for the address line, empty when there is none."""
        return full_name(self.given_name or "", self.family_name or "")


class PublishedEvening(Evening):
    """The evening as it was published, with the reason of its cancellation where there was one."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    reason: Localised | None = None


class TicketDetails(_Known):
    """Details from the last event of the ticket, the offer or the invitation; which of them are set depends on it."""

    code: str | None = None
    link: str | None = None
    position: int | None = None
    reason: str | None = None


class Piece(_Known):
    """One letter of the mail.

    `before` is the evening as the addressee last read of it, for a letter about changes. `sequence` is that of the
    calendar entry (RFC 5545, 3.8.7.4), None when this letter brings none. `giver` is the given name of who offers or
    passed on a ticket, None when it is not known (any more). `last_day` is the last day of somebody who leaves,
    `first_day` the first of somebody who is welcomed before it. `invited` is true when it is about an evening that its
    addressee was invited to and did not ask for.
    """

    letter_id: UUID
    kind: Kind
    evening: PublishedEvening | None = None
    before: PublishedEvening | None = None
    ticket: TicketDetails = TicketDetails()
    sequence: int | None = None
    giver: str | None = None
    last_day: date | None = None
    first_day: date | None = None
    invited: bool = False


class DigestEvening(_Known):
    """An evening in a partner's week: how many of its people have a seat, went in, wait."""

    title: Localised
    venue: Venue
    starts_at: datetime
    cancelled: bool = False
    seats: int
    admitted: int
    waiting: int


class Digest(_Known):
    """A partner's week in numbers; both days belong to it."""

    first_day: date
    last_day: date
    joined: int
    left: int
    taking_part: int
    places: int
    evenings: list[DigestEvening]


class Contents(_Known):
    """Everything a mail is written from; the first piece leads. `unsubscribe` is the secret of its preferences."""

    recipient: Recipient
    pieces: list[Piece] = Field(min_length=1)
    partner_name: str | None = None
    digest: Digest | None = None
    unsubscribe: UUID | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its contents, known by the id of its leading letter.

    `participant_id` is None for a letter to a partner. `written_at` is the moment in its Date header, the same in
    every repetition.
    """

    letter_id: UUID
    participant_id: UUID | None
    written_at: datetime
    contents: Contents
