"""An evening and its rules: the same in requests that schedule one and in the events about it."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from culture_connect.contracts.base import Localised, Model
from culture_connect.contracts.values import (
    LOCAL_TIME,
    EveningId,
    HeaderLine,
    Slug,
    Text,
    Timestamp,
    Venue,
    Version,
    Whole,
    described,
    rule,
)

RELEASE_BEFORE_START: Final = timedelta(days=7)
CLOSING_BEFORE_START: Final = timedelta(hours=2)

_SEASON = re.compile(r"(\d{4})-(\d{4})")


def _consecutive(season: str) -> str:
    match = _SEASON.fullmatch(season)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise rule("not_a_season", "must be two consecutive years such as 2026-2027")
    return season


Season = Annotated[Text, AfterValidator(_consecutive), Field(json_schema_extra={"pattern": r"^\d{4}-\d{4}$"})]


@described("What a part of the programme is.")
class PartKind(StrEnum):
    """The kind of a part of the programme."""

    EXHIBITION = "exhibition"
    PERFORMANCE = "performance"
    CONCERT = "concert"
    IN_DEPTH = "in-depth"
    DRINKS = "drinks"


ARTISTIC: Final = frozenset({PartKind.EXHIBITION, PartKind.PERFORMANCE, PartKind.CONCERT})


@described("How participants come by a seat.")
class Admission(StrEnum):
    """The way in which participants get a seat."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"


_MOST_PARTNERS = 1000


def _of_partners_at_most(allotments: Any) -> Any:
    """Returns the allotments as they are; too many are refused before each of them is validated."""
    if isinstance(allotments, dict) and len(allotments) > _MOST_PARTNERS:
        raise rule("too_long", f"must have a length of at most {_MOST_PARTNERS}")
    return allotments


class ProgrammePart(Model):
    """One part of an evening."""

    kind: PartKind
    title: Localised
    starts_at: Timestamp
    ends_at: Timestamp

    @field_validator("ends_at")
    @classmethod
    def _ends_after_it_starts(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        return _after_start(ends_at, info)


class EveningDraft(Model):
    """An evening as somebody plans it: what may be left open is decided by `filled`."""

    season: Annotated[Season, Field(description="Two consecutive years, such as 2026-2027")]
    venue: Annotated[Venue, Field(description="The house that receives")]
    title: Localised
    theme: Localised
    starts_at: Timestamp
    ends_at: Timestamp
    location: Annotated[HeaderLine, Field(min_length=1, max_length=300, description="Where to come, as on the ticket")]
    capacity: Annotated[Whole, Field(ge=1, le=100_000, description="Seats")]
    admission: Annotated[
        Admission,
        Field(description="automatic: every active participant gets a seat or waits; on_request: invited, and asks"),
    ] = Admission.AUTOMATIC
    release_at: Annotated[
        Timestamp | None, Field(description="From then on unclaimed allotments are anyone's; default 7 days before")
    ] = None
    closes_at: Annotated[
        Timestamp | None, Field(description="From then on nobody moves up the waiting list; default 2 hours before")
    ] = None
    programme: Annotated[
        list[ProgrammePart],
        Field(
            min_length=1,
            max_length=50,
            description="In order; an exhibition, performance or concert, one in-depth part, drinks last",
        ),
    ]
    allotments: Annotated[
        Annotated[
            dict[Slug, Annotated[Whole, Field(ge=0)]],
            BeforeValidator(_of_partners_at_most),
            Field(max_length=_MOST_PARTNERS),
        ]
        | None,
        Field(description="Seats reserved for each partner, set by hand; absent: they follow the contracts"),
    ] = None

    @field_validator("ends_at")
    @classmethod
    def _ends_after_it_starts(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        return _after_start(ends_at, info)

    @field_validator("release_at", "closes_at")
    @classmethod
    def _before_the_start(cls, moment: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if moment is not None and starts_at is not None and moment >= starts_at:
            raise rule("after_start", "must be before the start of the evening")
        return moment

    @field_validator("programme")
    @classmethod
    def _is_a_whole_evening(cls, parts: list[ProgrammePart], info: ValidationInfo) -> list[ProgrammePart]:
        kinds = [part.kind for part in parts]
        if not ARTISTIC.intersection(kinds):
            raise rule("nothing_to_see", "must have an exhibition, a performance or a concert")
        if kinds.count(PartKind.IN_DEPTH) != 1:
            raise rule("one_in_depth_part", "must have exactly one in-depth part")
        if kinds[-1] is not PartKind.DRINKS:
            raise rule("drinks_last", "must end with drinks")
        if any(later.starts_at < earlier.starts_at for earlier, later in pairwise(parts)):
            raise rule("out_of_order", "must be in the order in which its parts begin")
        if parts[-1].ends_at < max(part.ends_at for part in parts):
            raise rule("drinks_last", "must end with drinks: no other part may go on after them")
        starts_at, ends_at = info.data.get("starts_at"), info.data.get("ends_at")
        if starts_at is not None and parts[0].starts_at < starts_at:
            raise rule("outside_evening", "must not begin before the evening does")
        if ends_at is not None and parts[-1].ends_at > ends_at:
            raise rule("outside_evening", "must not end after the evening does")
        return parts

    @field_validator("allotments")
    @classmethod
    def _fit_the_capacity(cls, allotments: dict[str, int] | None, info: ValidationInfo) -> dict[str, int] | None:
        capacity = info.data.get("capacity")
        if allotments and capacity is not None and sum(allotments.values()) > capacity:
            raise rule("over_capacity", "must not reserve more seats than the capacity")
        return allotments

    def filled(self, evening_id: UUID, version: int) -> "Evening":
        """The evening with nothing left open: release and closing at their defaults (allocation rules, "Terms")."""
        fields = {name: getattr(self, name) for name in EveningDraft.model_fields}
        fields["release_at"] = self.release_at or default_release(self.starts_at)
        fields["closes_at"] = self.closes_at or default_closing(self.starts_at)
        return Evening(evening_id=evening_id, version=version, **fields)


class Evening(EveningDraft):
    """An evening of the programme."""

    evening_id: EveningId
    release_at: Annotated[Timestamp, Field(description="From then on unclaimed allotments are anyone's")]
    closes_at: Annotated[Timestamp, Field(description="From then on nobody moves up the waiting list")]
    version: Version


def default_release(starts_at: datetime) -> datetime:
    """Seven days before the start, at the same time on the clocks of The Hague, also when these change in between."""
    # Within one time zone Python calculates with what the clocks show.
    moment = starts_at.astimezone(LOCAL_TIME) - RELEASE_BEFORE_START
    # With an offset instead of the time zone: only so it equals itself in the hour in which clocks change (PEP 495).
    return datetime.fromisoformat(moment.isoformat())


def default_closing(starts_at: datetime) -> datetime:
    """Two hours before the start."""
    return starts_at - CLOSING_BEFORE_START


def _after_start(ends_at: datetime, info: ValidationInfo) -> datetime:
    starts_at = info.data.get("starts_at")
    if starts_at is not None and ends_at <= starts_at:
        raise rule("before_start", "must be after starts_at")
    return ends_at
