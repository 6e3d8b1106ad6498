"""The tables of registration; `migrations/` makes them, together with the guard that counts places."""

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


class PartnerRow(Base, table=True):
    """A partner and its contract.

    Whoever writes participants locks this row first, so a partner's enrolments are decided one after the other.
    `active` counts the enrolled participants; a trigger on `participants` keeps it and nothing else writes it. `on_bus`
    tells whether its HR system has queues on the bus, and so hears what it did not ask for; null: not known yet.
    """

    __tablename__ = "partners"

    slug: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    places: int
    active: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    language: str = Field(sa_type=Text)
    contact_email: str | None = Field(sa_type=Text)
    starts_on: date = Field(sa_type=Date)
    ends_on: date = Field(sa_type=Date)
    version: int
    registered_at: datetime = Field(sa_type=Moment)
    left_at: datetime | None = Field(sa_type=Moment)
    on_bus: bool | None = Field(default=None)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("active between 0 and places", name="partners_places"),
        CheckConstraint("starts_on <= ends_on", name="partners_term"),
        CheckConstraint("language in ('nl', 'en')", name="partners_language"),
    )


class ParticipantRow(Base, table=True):
    """A participant as `domain.roster` knows them; an erased one keeps its id and nothing of the person."""

    __tablename__ = "participants"

    participant_id: UUID = Field(primary_key=True, sa_type=Uuid)
    partner: str = Field(sa_type=Text, foreign_key="partners.slug")
    employee_ref: str | None = Field(sa_type=Text)
    standing: str = Field(sa_type=Text)
    given_name: str | None = Field(sa_type=Text)
    family_name: str | None = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)
    email_key: str | None = Field(sa_type=Text)
    language: str | None = Field(sa_type=Text)
    starts_on: date | None = Field(sa_type=Date)
    ends_on: date | None = Field(sa_type=Date)
    leaves_on: date | None = Field(sa_type=Date)
    version: int
    changed_at: datetime = Field(sa_type=Moment)
    last_command_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("standing in ('enrolled', 'withdrawn', 'erased')", name="participants_standing"),
        CheckConstraint(
            "num_nonnulls(employee_ref, given_name, family_name, email, email_key, language)"
            " = case when standing = 'erased' then 0 else 6 end",
            name="participants_person",
        ),
        CheckConstraint("version > 0", name="participants_version"),
        CheckConstraint("standing <> 'withdrawn' or leaves_on is not null", name="participants_withdrawn"),
        Index("participants_employee", "partner", "employee_ref", unique=True),
        Index(
            "participants_email",
            "partner",
            "email_key",
            unique=True,
            postgresql_where=text("standing = 'enrolled'"),
        ),
        # The conditions keep the last two for what they are meant for: they begin with the partner as well, and without
        # fresh statistics the planner took one for every look-up of an employee, reading the whole partner each time.
        Index(
            "participants_of_partner",
            "partner",
            "participant_id",
            postgresql_where=text("standing <> 'erased' and employee_ref is not null"),
        ),
        Index(
            "participants_last_day",
            "partner",
            text("least(leaves_on, ends_on + 1)"),
            postgresql_where=text("standing = 'enrolled' and coalesce(leaves_on, ends_on) is not null"),
        ),
        Index("participants_left", "partner", "leaves_on", postgresql_where=text("standing = 'withdrawn'")),
    )


class TombstoneRow(Base, table=True):
    """That somebody was erased, or left before anybody knew them; see `store.tombstones` for what `digest` is of."""

    __tablename__ = "tombstones"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    participant_id: UUID | None = Field(sa_type=Uuid, foreign_key="participants.participant_id")
    erased_at: datetime | None = Field(sa_type=Moment)
    last_command_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "(participant_id is null) = (erased_at is null) and num_nonnulls(erased_at, last_command_at) > 0",
            name="tombstones_of_something",
        ),
        Index("tombstones_of_unknown", "last_command_at", postgresql_where=text("participant_id is null")),
    )


class ErasureRow(Base, table=True):
    """That a service was told to forget a participant, and when it said that it did."""

    __tablename__ = "erasures"

    participant_id: UUID = Field(primary_key=True, sa_type=Uuid, foreign_key="participants.participant_id")
    service: str = Field(primary_key=True, sa_type=Text)
    requested_at: datetime = Field(sa_type=Moment)
    completed_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        Index("erasures_open", "requested_at", postgresql_where=text("completed_at is null")),
    )


class VenueRow(Base, table=True):
    """One of the five houses, as people find it."""

    __tablename__ = "venues"

    slug: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    entrance_nl: str = Field(sa_type=Text)
    entrance_en: str = Field(sa_type=Text)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class EveningRow(Base, table=True):
    """An evening. `details` holds what no query asks for; `day` is its day in The Hague."""

    __tablename__ = "evenings"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid)
    season: str = Field(sa_type=Text)
    venue: str = Field(sa_type=Text)
    day: date = Field(sa_type=Date)
    starts_at: datetime = Field(sa_type=Moment)
    details: dict[str, Any] = Field(sa_type=JSONB)
    version: int
    cancelled_at: datetime | None = Field(sa_type=Moment)
    reason: dict[str, str] | None = Field(sa_type=JSONB)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("reason is null or cancelled_at is not null", name="evenings_reason"),
        Index("evenings_one_a_day", "season", "day", unique=True, postgresql_where=text("cancelled_at is null")),
        Index("evenings_of_season", "season", "starts_at", "evening_id"),
    )
