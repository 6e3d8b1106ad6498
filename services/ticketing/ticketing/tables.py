"""The tables of ticketing; `migrations/` makes them, together with the guard that counts seats."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

Moment = DateTime(timezone=True)


class Base(SQLModel):
    """Tables of this service alone: another service has tables of the same names."""

    metadata = MetaData()


class PartnerRow(Base, table=True):
    """A partner as registration last published it; its contract is without end where a day is missing."""

    __tablename__ = "partners"

    slug: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    places: int
    has_left: bool
    version: int
    starts_on: date | None = Field(sa_type=Date)
    ends_on: date | None = Field(sa_type=Date)


class ParticipantRow(Base, table=True):
    """`domain.participants.Participant` with the days on which they are active, calculated for set-based queries."""

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
    language: str | None = Field(sa_type=Text)
    address_sha256: bytes | None = Field(sa_type=LargeBinary)

    __table_args__ = (
        Index("participants_of_partner", "partner"),
        Index("participants_by_address", "partner", "address_sha256"),
    )


class EveningRow(Base, table=True):
    """An evening as registration last published it, and how many of its seats and waiting places are taken.

    The three counts are kept by a trigger on `tickets`, which refuses a seat beyond the capacity; nothing else
    writes them. `allotted` once its allotments were calculated.
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
    release_at: datetime = Field(sa_type=Moment)
    allotted: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})

    __table_args__: ClassVar[Any] = (
        CheckConstraint("issued >= 0 and admitted >= 0 and waiting >= 0", name="evenings_counts"),
        CheckConstraint("capacity >= 0", name="evenings_capacity"),
        CheckConstraint("admission in ('automatic', 'on_request')", name="evenings_admission"),
        Index("evenings_to_come", "starts_at"),
    )


class ShareRow(Base, table=True):
    """One partner's share of an evening: its allotment, and its people's seats and waiting places.

    The counts are kept by the trigger on `tickets`, as those of the evening.
    """

    __tablename__ = "shares"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid, foreign_key="evenings.evening_id")
    partner: str = Field(primary_key=True, sa_type=Text)
    allotment: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    issued: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    admitted: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    waiting: int = Field(default=0, sa_column_kwargs={"server_default": "0"})

    __table_args__ = (
        CheckConstraint("allotment >= 0 and issued >= 0 and admitted >= 0 and waiting >= 0", name="shares_counts"),
    )


class TimerRow(Base, table=True):
    """Something to do for an evening at a moment to come; the row goes when it is done."""

    __tablename__ = "timers"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid, foreign_key="evenings.evening_id")
    kind: str = Field(primary_key=True, sa_type=Text)
    due_at: datetime = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind in ('release', 'closing')", name="timers_kind"),
        Index("timers_due", "due_at"),
    )


class SeatRequestRow(Base, table=True):
    """A participant's invitation (not answered yet), seat request or refusal for an evening.

    It holds for one enrolment (the version of `participant.enrolled`): a new enrolment has none.
    """

    __tablename__ = "wishes"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid, foreign_key="evenings.evening_id")
    participant_id: UUID = Field(primary_key=True, sa_type=Uuid)
    enrolment: int
    seat_request: str = Field(sa_type=Text, sa_column_kwargs={"name": "wish"})
    asked_at: datetime | None = Field(sa_type=Moment)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("wish in ('invited', 'asked', 'declined')", name="wishes_wish"),
        CheckConstraint("(wish = 'asked') = (asked_at is not null)", name="wishes_asked_at"),
        Index("wishes_of_participant", "participant_id"),
    )


class TicketRow(Base, table=True):
    """A ticket or a waiting place: one life from the request to the end.

    `version` counts everything that happened to it, `feed_version` the events its box office received. `enrolment` is
    the version of the `participant.enrolled` it was given under. `participant_id` is null once the holder was erased.
    `others` is kept while it waits: the tickets held for other evenings of the season, as of the evening's watermarks.
    `generation` is that of its code, one more each time that its holder got another, for the last time at
    `replaced_at`.
    """

    __tablename__ = "tickets"

    ticket_id: UUID = Field(primary_key=True, sa_type=Uuid)
    evening_id: UUID = Field(sa_type=Uuid, foreign_key="evenings.evening_id")
    participant_id: UUID | None = Field(sa_type=Uuid, foreign_key="participants.participant_id")
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
    enrolment: int
    others: int | None
    generation: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    replaced_at: datetime | None = Field(sa_type=Moment)

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
        CheckConstraint("participant_id is not null or state <> 'waiting'", name="tickets_anonymous"),
        Index(
            "tickets_line",
            "evening_id",
            "partner",
            "others",
            "requested_at",
            "lot",
            postgresql_where=text("state = 'waiting'"),
            postgresql_include=["participant_id"],
        ),
        Index("tickets_uncounted", "evening_id", postgresql_where=text("state = 'waiting' and others is null")),
        Index("tickets_of_participant", "participant_id"),
        Index(
            "tickets_held",
            "evening_id",
            "participant_id",
            postgresql_where=text("state in ('issued', 'admitted')"),
        ),
        Index(
            "tickets_of_holder",
            "participant_id",
            "evening_id",
            postgresql_where=text("state in ('issued', 'admitted')"),
        ),
    )


class LineWatermarkRow(Base, table=True):
    """Up to which decision of another evening of its season an evening's waiting places have their `others` counted.

    Null where places may count its tickets and none of its decisions were counted yet.
    """

    __tablename__ = "line_watermarks"

    evening_id: UUID = Field(primary_key=True, sa_type=Uuid, foreign_key="evenings.evening_id")
    other_id: UUID = Field(primary_key=True, sa_type=Uuid)
    decision_id: int | None = Field(sa_type=BigInteger)


class ScanRow(Base, table=True):
    """A scan at the door and its verdict, recorded so that one sent twice is one scan.

    `scanned_at` and `sent_at` are by the scanner's clock, `counted_at` is by ours, null where it is `scanned_at`.
    A code is known again by `code_hash`, null for scans of earlier releases.
    """

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
    code_hash: bytes | None = Field(sa_type=LargeBinary)
    sent_at: datetime | None = Field(sa_type=Moment)
    offline: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    counted_at: datetime | None = Field(sa_type=Moment)
    clock_implausible: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    double_entry: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})

    __table_args__ = (Index("scans_admitted_once", "ticket_id", unique=True, postgresql_where=text("refusal is null")),)


class PageRow(Base, table=True):
    """The personal page of one person for one evening, found by the hash of its secret."""

    __tablename__ = "pages"

    secret_sha256: bytes = Field(primary_key=True, sa_type=LargeBinary)
    evening_id: UUID = Field(sa_type=Uuid)
    participant_id: UUID = Field(sa_type=Uuid)

    __table_args__ = (Index("pages_of_participant", "participant_id"),)


class OfferRow(Base, table=True):
    """A ticket that its holder wants to pass on to `participant_id`, who has to agree.

    Null when nobody could have it at the address that was given, which its holder does not learn. `address_hash` knows
    that address again when the same ticket is offered to it once more; null in offers of an earlier release.
    """

    __tablename__ = "offers"

    offer_id: UUID = Field(primary_key=True, sa_type=Uuid)
    ticket_id: UUID = Field(sa_type=Uuid, foreign_key="tickets.ticket_id")
    evening_id: UUID = Field(sa_type=Uuid)
    participant_id: UUID | None = Field(sa_type=Uuid)
    state: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=Moment)
    address_hash: bytes | None = Field(sa_type=LargeBinary)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("state in ('open', 'accepted', 'refused', 'taken-back')", name="offers_state"),
        Index("offers_one_open", "ticket_id", unique=True, postgresql_where=text("state = 'open'")),
        Index("offers_to_participant", "participant_id"),
        Index("offers_of_ticket", "ticket_id", "made_at"),
    )


class DecisionRow(Base, table=True):
    """Something that was decided about somebody's seat; `figures` are those of `domain.decisions.Figures`."""

    __tablename__ = "decisions"

    decision_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    evening_id: UUID = Field(sa_type=Uuid)
    participant_id: UUID | None = Field(sa_type=Uuid)
    ticket_id: UUID | None = Field(sa_type=Uuid)
    decided_at: datetime = Field(sa_type=Moment)
    outcome: str = Field(sa_type=Text)
    rule: str = Field(sa_type=Text)
    figures: dict[str, Any] = Field(sa_type=JSONB)

    __table_args__: ClassVar[Any] = (
        CheckConstraint("outcome in ('granted', 'promoted', 'waiting', 'lost')", name="decisions_outcome"),
        Index("decisions_of_evening", "evening_id", "decision_id"),
        Index("decisions_of_participant", "participant_id", "evening_id", "decision_id"),
    )
