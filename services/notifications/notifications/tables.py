"""The tables of notifications; `migrations/` makes them."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)
UNSENT = text("state in ('planned', 'sending')")
READY = text("state in ('planned', 'sending') and domain is not null and due_at is not null")
RANDOM: dict[str, Any] = {"server_default": text("gen_random_uuid()")}


class Base(SQLModel):
    """Tables of this service alone: another service has tables of the same names."""

    metadata = MetaData()


class ContactRow(Base, table=True):
    """A participant as a contact; `email` is null for somebody who was erased.

    The person and the term of their participation are in different events, so each has a version of its own.
    Partner and the days of joining and leaving stay when the person is erased: numbers are counted from them.
    `starts_on` is the first day on which they take part, null when it is any. `unsubscribe` is the secret in the links
    that switch reminders off and on.
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
    partner: str | None = Field(sa_type=Text)
    joined_on: date | None = Field(sa_type=Date)
    starts_on: date | None = Field(sa_type=Date)
    left_on: date | None = Field(sa_type=Date)
    unsubscribe: UUID | None = Field(sa_type=Uuid, unique=True, sa_column_kwargs=RANDOM)
    reminders_off_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "not erased or num_nonnulls(given_name, family_name, email, language, unsubscribe) = 0",
            name="contacts_erased",
        ),
        Index("contacts_of_partner", "partner"),
    )


class PartnerRow(Base, table=True):
    """A partner as registration last published it; `digest_off_at` when its contact unsubscribed."""

    __tablename__ = "partners"

    slug: str = Field(primary_key=True, sa_type=Text)
    version: int
    name: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    places: int
    contact_email: str | None = Field(sa_type=Text)
    starts_on: date | None = Field(sa_type=Date)
    ends_on: date | None = Field(sa_type=Date)
    has_left: bool
    unsubscribe: UUID = Field(sa_type=Uuid, unique=True, sa_column_kwargs=RANDOM)
    digest_off_at: datetime | None = Field(sa_type=Moment)


class EveningRow(Base, table=True):
    """An evening as registration last published it: `details` is the JSON of the contract's evening.

    Version 0 has no more than its id: other events mentioned it first.
    """

    __tablename__ = "evenings"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid)
    version: int
    day: date | None = Field(sa_type=Date)
    cancelled: bool
    details: dict[str, Any] | None = Field(sa_type=JSONB)
    starts_at: datetime | None = Field(sa_type=Moment)
    ends_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("version = 0 or num_nonnulls(day, details, starts_at, ends_at) = 4", name="evenings_told"),
    )


class EveningVersionRow(Base, table=True):
    """An earlier version of an evening: letters about changes compare it with the present one."""

    __tablename__ = "evening_versions"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid)
    version: int = Field(primary_key=True)
    told_at: datetime = Field(sa_type=Moment)
    details: dict[str, Any] = Field(sa_type=JSONB)


class TicketRow(Base, table=True):
    """A ticket: `standing` is its status, `details` hold what its letter tells: code, link, waiting place, reason."""

    __tablename__ = "tickets"

    ticket_id: UUID = Field(primary_key=True, sa_type=Uuid)
    participant_id: UUID = Field(sa_type=Uuid)
    evening_id: UUID = Field(sa_type=Uuid)
    version: int
    standing: str | None = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_type=JSONB)
    issued_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        Index("tickets_of_participant", "participant_id"),
        Index("tickets_of_evening", "evening_id", "ticket_id"),
    )


class LetterRow(Base, table=True):
    """A letter, from the moment it is planned; it is for a participant or for a partner.

    `wanted_at` is when it should go, null while that depends on an unknown evening; `due_at` is when it may be
    tried next, null as well while its evening is not known; while it is being sent, when the claim of `claim` expires
    and another may take it. `domain` is that of the recipient's address, null while there is no address. A letter with
    both can be written.

    Letters of a `bundle` that are there at the same time go out as one mail: `mail_id` is the id of the leading one,
    whose `contents` hold what the mail was written from, so that what went out can be shown and repeated byte for
    byte. `sequence` is that of the calendar entry, `evening_version` what the letter told; both are known once it is
    written. `ended_at` is when it was sent, refused or suppressed.

    A letter of a ticket has `ticket_id` and tells what the ticket's row holds; one that offers a ticket to a colleague
    has `offer_id` and `holder_id` (null once the holder was erased) as well. What an offer, an invitation or the end
    of a ticket tells is in `details`. `repeats` is the letter that an operator asked to send again.
    """

    __tablename__ = "letters"

    letter_id: UUID = Field(primary_key=True, sa_type=Uuid)
    participant_id: UUID | None = Field(sa_type=Uuid)
    partner: str | None = Field(sa_type=Text)
    evening_id: UUID | None = Field(sa_type=Uuid)
    kind: str = Field(sa_type=Text)
    bundle: str | None = Field(sa_type=Text)
    ticket_id: UUID | None = Field(sa_type=Uuid)
    ticket_version: int | None
    offer_id: UUID | None = Field(sa_type=Uuid)
    holder_id: UUID | None = Field(sa_type=Uuid)
    repeats: UUID | None = Field(sa_type=Uuid)
    details: dict[str, Any] | None = Field(sa_type=JSONB)
    sequence: int | None
    evening_version: int | None
    state: str = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    attempts: int
    domain: str | None = Field(sa_type=Text)
    wanted_at: datetime | None = Field(sa_type=Moment)
    due_at: datetime | None = Field(sa_type=Moment)
    deferred_since: datetime | None = Field(sa_type=Moment)
    claim: UUID | None = Field(sa_type=Uuid)
    mail_id: UUID | None = Field(sa_type=Uuid)
    contents: dict[str, Any] | None = Field(sa_type=JSONB)
    planned_at: datetime = Field(sa_type=Moment)
    written_at: datetime | None = Field(sa_type=Moment)
    sent_at: datetime | None = Field(sa_type=Moment)
    ended_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("num_nonnulls(participant_id, partner) = 1", name="letters_addressee"),
        CheckConstraint("state in ('planned', 'sending', 'sent', 'failed', 'suppressed')", name="letters_state"),
        CheckConstraint("state <> 'sent' or sent_at is not null", name="letters_sent"),
        CheckConstraint("ended_at is null or state in ('sent', 'failed', 'suppressed')", name="letters_ended"),
        CheckConstraint("state <> 'sending' or claim is not null", name="letters_claimed"),
        Index("letters_due", "domain", "due_at", postgresql_where=READY),
        Index("letters_wanted", "wanted_at", postgresql_where=UNSENT),
        Index("letters_of_participant", "participant_id", "evening_id"),
        Index("letters_of_ticket", "ticket_id"),
        Index("letters_of_mail", "mail_id", postgresql_where=text("mail_id is not null")),
        Index("letters_of_holder", "holder_id", postgresql_where=text("holder_id is not null")),
        Index("letters_newest", "planned_at", "letter_id"),
        Index("letters_of_evening", "evening_id", "planned_at", "letter_id"),
        Index("letters_kept", "ended_at", postgresql_where=text("contents is not null or details is not null")),
        Index("letters_tally", "state", "kind", "reason"),
    )


class PaceRow(Base, table=True):
    """The moment at which the mail server may get the next mail, for all replicas together."""

    __tablename__ = "pace"

    single: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    next_at: datetime = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (CheckConstraint("single"),)
