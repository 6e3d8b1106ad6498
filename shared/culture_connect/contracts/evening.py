"""An evening: its fields and the rules that hold for every one of them (contract, "Virtual host core")."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, LiteralString, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from culture_connect.contracts.base import Message
from culture_connect.contracts.fields import Localised, Season, Slug, Timestamp, Title, Venue, Version

RELEASE_BEFORE_START = timedelta(days=7)
CLOSING_BEFORE_START = timedelta(hours=2)


class PartKind(StrEnum):
    """What a part of an evening is."""

    EXHIBITION = "exhibition"
    PERFORMANCE = "performance"
    CONCERT = "concert"
    IN_DEPTH = "in-depth"
    DRINKS = "drinks"


ART = frozenset({PartKind.EXHIBITION, PartKind.PERFORMANCE, PartKind.CONCERT})


class Admission(StrEnum):
    """Who gets a seat: every active participant by themselves, or those who ask."""

    AUTOMATIC = "automatic"
    ON_REQUEST = "on_request"


class ProgrammePart(BaseModel):
    """One part of an evening."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: PartKind
    title: Localised
    starts_at: Timestamp
    ends_at: Timestamp


class _EveningFields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    season: Season
    venue: Venue
    title: Localised
    theme: Localised
    starts_at: Timestamp
    ends_at: Timestamp
    location: Title
    capacity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    admission: Admission = Admission.AUTOMATIC
    release_at: Timestamp
    closes_at: Timestamp
    programme: Annotated[list[ProgrammePart], Field(min_length=1, max_length=50)]
    allotments: dict[Slug, Annotated[int, Field(strict=True, ge=0)]] | None = None

    @model_validator(mode="after")
    def _rules(self) -> Self:
        kinds = [part.kind for part in self.programme]
        _require(self.starts_at < self.ends_at, "ends_before_start", "ends_at must be after starts_at")
        _require(self.release_at <= self.starts_at, "release_after_start", "release_at must be before starts_at")
        _require(self.closes_at <= self.starts_at, "closes_after_start", "closes_at must be before starts_at")
        _require(
            bool(ART.intersection(kinds)), "no_art", "programme must have an exhibition, a performance or a concert"
        )
        _require(PartKind.IN_DEPTH in kinds, "no_in_depth", "programme must have an in-depth part")
        _require(kinds[-1] is PartKind.DRINKS, "no_drinks", "programme must end with drinks")
        moment = self.starts_at
        for part in self.programme:
            _require(
                moment <= part.starts_at < part.ends_at <= self.ends_at,
                "part_out_of_order",
                "the parts of the programme must follow each other within the evening",
            )
            moment = part.starts_at
        first, second = int(self.season[:4]), int(self.season[5:])
        _require(second == first + 1, "season", "season must name two years that follow each other")
        _require(
            sum((self.allotments or {}).values()) <= self.capacity,
            "allotments_exceed_capacity",
            "allotments must not add up to more than capacity",
        )
        return self


class EveningDraft(_EveningFields):
    """An evening as the programme team hands it in; release and closing default to a week and two hours before it."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not {"release_at", "closes_at"} - {
            k for k, v in data.items() if v is not None
        }:
            return data
        return {**_default_moments(data), **{key: value for key, value in data.items() if value is not None}}


class Evening(_EveningFields, Message):
    """An evening as everyone is told of it; `version` grows by one with every change."""

    evening_id: UUID
    version: Version


class _Start(BaseModel):
    starts_at: Timestamp


def _default_moments(data: dict[str, Any]) -> dict[str, Any]:
    """Release and closing for a draft whose start can be read; the others are refused for their start anyway."""
    try:
        start = _Start(starts_at=data["starts_at"]).starts_at
    except (KeyError, ValueError):
        return {}
    return {"release_at": start - RELEASE_BEFORE_START, "closes_at": start - CLOSING_BEFORE_START}


def _require(holds: bool, code: LiteralString, message: LiteralString) -> None:
    if not holds:
        raise PydanticCustomError(code, message)
