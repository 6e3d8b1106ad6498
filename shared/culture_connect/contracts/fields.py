"""The types that fields of several messages share."""

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic_core import PydanticCustomError

SLUG = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Language(StrEnum):
    """The languages people are written to in."""

    NL = "nl"
    EN = "en"


class Venue(StrEnum):
    """The five institutions."""

    NDT = "ndt"
    RESIDENTIE_ORKEST = "residentie-orkest"
    PAARD = "paard"
    BEELDEN_AAN_ZEE = "beelden-aan-zee"
    HET_NATIONALE_THEATER = "het-nationale-theater"

    @property
    def label(self) -> str:
        """The institution's full name."""
        return _VENUE_NAMES[self]


_VENUE_NAMES = {
    Venue.NDT: "Nederlands Dans Theater",
    Venue.RESIDENTIE_ORKEST: "Residentie Orkest",
    Venue.PAARD: "PAARD",
    Venue.BEELDEN_AAN_ZEE: "museum Beelden aan Zee",
    Venue.HET_NATIONALE_THEATER: "Het Nationale Theater",
}


def _header_safe(value: str) -> str:
    """Refuses what could become a mail header of its own: line breaks, and encoded words that decode to them."""
    if _CONTROL.search(value):
        raise PydanticCustomError("control_characters", "must not hold control characters or line breaks")
    if "=?" in value:
        raise PydanticCustomError("encoded_word", 'must not hold "=?"')
    return value


def _normalised(value: object) -> object:
    return unicodedata.normalize("NFC", value).strip(" \u00a0") if isinstance(value, str) else value


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        raise PydanticCustomError("email", "must be an e-mail address") from None


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Slug = Annotated[StrictStr, Field(pattern=SLUG)]
HeaderSafe = Annotated[StrictStr, BeforeValidator(_normalised), AfterValidator(_header_safe)]
EmployeeRef = Annotated[HeaderSafe, Field(min_length=1, max_length=64)]
PersonName = Annotated[HeaderSafe, Field(min_length=1, max_length=100)]
EmailText = Annotated[HeaderSafe, Field(min_length=3, max_length=254), AfterValidator(_address)]
Title = Annotated[HeaderSafe, Field(min_length=1, max_length=200)]
Timestamp = Annotated[AwareDatetime, AfterValidator(_utc)]
Season = Annotated[StrictStr, Field(pattern=r"^20\d\d-20\d\d$")]
Version = Annotated[int, Field(ge=1)]


class Localised(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nl: Title
    en: Title

    def get(self, language: str) -> str:
        """The text in this language."""
        return self.nl if language == Language.NL else self.en
