"""The tables of notifications; `migrations/` makes them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, MetaData, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)
UNSENT = text("state in ('planned', 'sending')")


class Base(SQLModel):
    """Tables of this service alone: another service has tables of the same names."""

    metadata = MetaData()


class ContactRow(Base, table=True):
    """Whom to write to; `email` is null for somebody who was erased.

    The person and the term of their participation are told by different events, so each has a version of its own.
    """

    __tablename__ = "contacts"

    participant_id: UUID = Field(primary_key=True, sa_type=Uuid)
    person_version: int
    given_name: str | None = Field(sa_type=Text)
    family_name: str | None = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)
    language: str | None = Field(sa_type=Text)
    erased: bool
    term_version: int
    withdrawn_on: date | None = Field(sa_type=Date)

    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "not erased or num_nonnulls(given_name, family_name, email, language) = 0", name="contacts_erased"
        ),
    )


class EveningRow(Base, table=True):
    """An evening as registration last told it: `details` is the JSON of the contract's evening."""

    __tablename__ = "evenings"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid)
    version: int
    day: date = Field(sa_type=Date)
    cancelled: bool
    details: dict[str, Any] = Field(sa_type=JSONB)


class TicketRow(Base, table=True):
    """Where a ticket stands, and in `details` what its letter tells: code, link, place in the line, reason."""

    __tablename__ = "tickets"

    ticket_id: UUID = Field(primary_key=True, sa_type=Uuid)
    participant_id: UUID = Field(sa_type=Uuid)
    evening_id: UUID = Field(sa_type=Uuid)
    version: int
    standing: str | None = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_type=JSONB)

    __table_args__: ClassVar[Any] = (Index("tickets_of_participant", "participant_id"),)


class LetterRow(Base, table=True):
    """A letter, from the moment it is planned.

    `due_at` is when it may be sent; while it is being sent, when the claim of `claim` expires and another may take
    it. `contents` holds what the letter was written from, so that what went out can be shown and repeated byte for
    byte; `sequence` is that of its calendar entry (RFC 5545, 3.8.7.4).

    A letter of a ticket has `ticket_id` and `ticket_version`, and tells what the ticket's row holds. One that offers a
    ticket to a colleague has `ticket_id`, `offer_id` and `holder_id` (null once the holder was erased), an invitation
    has none of these; what those two tell is in `details`.
    """

    __tablename__ = "letters"

    letter_id: UUID = Field(primary_key=True, sa_type=Uuid)
    participant_id: UUID = Field(sa_type=Uuid)
    evening_id: UUID = Field(sa_type=Uuid)
    kind: str = Field(sa_type=Text)
    ticket_id: UUID | None = Field(sa_type=Uuid)
    ticket_version: int | None
    offer_id: UUID | None = Field(sa_type=Uuid)
    holder_id: UUID | None = Field(sa_type=Uuid)
    details: dict[str, Any] | None = Field(sa_type=JSONB)
    sequence: int
    state: str = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    attempts: int
    due_at: datetime = Field(sa_type=Moment)
    claim: UUID | None = Field(sa_type=Uuid)
    contents: dict[str, Any] | None = Field(sa_type=JSONB)
    planned_at: datetime = Field(sa_type=Moment)
    written_at: datetime | None = Field(sa_type=Moment)
    sent_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        UniqueConstraint("participant_id", "evening_id", "kind", "ticket_id", "ticket_version", name="letters_once"),
        UniqueConstraint("offer_id", name="letters_one_an_offer"),
        CheckConstraint(
            """
            case kind
                when 'invitation' then
                    num_nonnulls(ticket_id, ticket_version, offer_id, holder_id) = 0 and details is not null
                when 'ticket-offered' then
                    num_nonnulls(ticket_id, offer_id, details) = 3 and ticket_version is null
                else num_nonnulls(ticket_id, ticket_version) = 2 and num_nonnulls(offer_id, holder_id, details) = 0
            end
            """,
            name="letters_about",
        ),
        CheckConstraint("state in ('planned', 'sending', 'sent', 'failed', 'suppressed')", name="letters_state"),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="letters_sent"),
        CheckConstraint("state <> 'sending' or claim is not null", name="letters_claimed"),
        Index("letters_due", "due_at", postgresql_where=UNSENT),
        Index("letters_of_ticket", "ticket_id"),
        Index("letters_of_holder", "holder_id", postgresql_where=text("holder_id is not null")),
        Index("letters_newest", "planned_at", "letter_id"),
        Index("letters_of_evening", "evening_id", "planned_at", "letter_id"),
        Index("letters_by_state", "state"),
    )
