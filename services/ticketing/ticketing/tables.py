"""The tables of ticketing; `migrations/` makes them, together with the guard that counts seats."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, Index, LargeBinary, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class Base(SQLModel):
    """Tables of this service alone: another service has tables of the same names."""

    metadata = MetaData()


class Partner(Base, table=True):
    """A partner as registration last told it."""

    __tablename__ = "partners"

    slug: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    places: int
    has_left: bool
    version: int


class ParticipantRow(Base, table=True):
    """`domain.participants.Participant` with the days on which they are active, worked out for set-based queries."""

    __tablename__ = "participants"

    participant_id: UUID = Field(primary_key=True, sa_type=Uuid)
    partner: str | None = Field(sa_type=Text)
    holder_name: str | None = Field(sa_type=Text)
    starts_on: date | None = Field(sa_type=Date)
    ends_on: date | None = Field(sa_type=Date)
    active_until: date | None = Field(sa_type=Date)
    requested_at: datetime | None = Field(sa_type=Moment)
    withdrawn_on: date | None = Field(sa_type=Date)
    version: int
    enrolled_version: int
    withdrawn_version: int
    erased: bool

    __table_args__ = (Index("participants_of_partner", "partner"),)


class Evening(Base, table=True):
    """An evening as registration last told it, and how many of its seats and waiting places are taken.

    The three counts are kept by a trigger on `tickets`, which refuses a seat beyond the capacity; nothing else
    writes them.
    """

    __tablename__ = "evenings"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid)
    venue: str = Field(sa_type=Text)
    season: str = Field(sa_type=Text)
    day: date = Field(sa_type=Date)
    starts_at: datetime = Field(sa_type=Moment)
    closes_at: datetime = Field(sa_type=Moment)
    capacity: int
    admission: str = Field(sa_type=Text)
    cancelled: bool
    version: int
    details: dict[str, Any] = Field(sa_type=JSONB)
    issued: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    admitted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    waiting: int = Field(default=0, sa_column_kwargs={"server_default": "0"})

    __table_args__: ClassVar[Any] = (
        CheckConstraint("issued >= 0 and admitted >= 0 and waiting >= 0", name="evenings_counts"),
        CheckConstraint("capacity >= 0", name="evenings_capacity"),
        CheckConstraint("admission in ('automatic', 'on_request')", name="evenings_admission"),
        Index("evenings_to_come", "starts_at"),
    )


class Ticket(Base, table=True):
    """A ticket or a waiting place: one life from the request to the end.

    `version` counts everything that happened to it, `feed_version` what its box office was told.
    """

    __tablename__ = "tickets"

    ticket_id: UUID = Field(primary_key=True, sa_type=Uuid)
    evening_id: UUID = Field(sa_type=Uuid, foreign_key="evenings.evening_id")
    participant_id: UUID = Field(sa_type=Uuid, foreign_key="participants.participant_id")
    partner: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    requested_at: datetime = Field(sa_type=Moment)
    lot: bytes = Field(sa_type=LargeBinary)
    version: int
    feed_version: int
    code: str | None = Field(sa_type=Text)
    issued_at: datetime | None = Field(sa_type=Moment)
    admitted_at: datetime | None = Field(sa_type=Moment)
    ended_at: datetime | None = Field(sa_type=Moment)
    reason: str | None = Field(sa_type=Text)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('waiting', 'issued', 'admitted', 'cancelled')", name="tickets_state"),
        CheckConstraint("code is not null or state in ('waiting', 'cancelled')", name="tickets_with_code"),
        CheckConstraint("(code is null) = (issued_at is null)", name="tickets_issued_at"),
        CheckConstraint("(state = 'admitted') = (admitted_at is not null)", name="tickets_admitted_at"),
        CheckConstraint(
            "(state = 'cancelled') = (reason is not null) and (reason is null) = (ended_at is null)",
            name="tickets_ended",
        ),
        Index(
            "tickets_one_live_place",
            "evening_id",
            "participant_id",
            unique=True,
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index("tickets_line", "evening_id", "requested_at", "lot", postgresql_where=text("state = 'waiting'")),
    )


class ScanRow(Base, table=True):
    """A scan at the door and its verdict, remembered so that one sent twice is one scan."""

    __tablename__ = "scans"

    venue: str = Field(primary_key=True, sa_type=Text)
    scan_id: str = Field(primary_key=True, sa_type=Text)
    evening_id: UUID = Field(sa_type=Uuid)
    ticket_id: UUID | None = Field(sa_type=Uuid)
    scanned_at: datetime = Field(sa_type=Moment)
    scanner: str = Field(sa_type=Text)
    entrance: str | None = Field(sa_type=Text)
    refusal: str | None = Field(sa_type=Text)
    first_admitted_at: datetime | None = Field(sa_type=Moment)
    recorded_at: datetime = Field(sa_type=Moment)
