"""The types of the fields of messages. Bus and HTTP have the same rules, since both use these.

Text and numbers are taken as they are, never converted: a number where text belongs is an error.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from culture_connect.contracts.addresses import can_get_mail, canonical_address
from culture_connect.contracts.names import has_invisible_sign, has_visible_sign, without_format_characters
from culture_connect.contracts.problems import OWN

MAX_ID_LENGTH: Final = 200  # characters
# The time zone of the programme: The Hague.
LOCAL_TIME: Final = ZoneInfo("Europe/Amsterdam")
SLUG_PATTERN: Final = "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"

# Control characters, line and paragraph separators, half surrogates, and the signs that turn the direction of writing
# (they make a name look like another one). None has a place in a line of text.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Beyond every line that may be written, in decomposed form too. Composing takes time that grows with the square of a
# run of combining marks (Unicode Standard Annex 15, section 12), so the length is looked at first.
_LONGEST_LINE: Final = 1000  # characters
_SLASH = re.compile(r"[/\\]")
_DOTS = re.compile(r"(\.|%2e){1,2}", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
# Days and moments beyond these cannot be meant, and calculating with the very last ones overflows.
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
_FIRST_MOMENT, _LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


_Choice = TypeVar("_Choice", bound=StrEnum)


def local_day(moment: datetime) -> date:
    """Returns the day it is in The Hague at an aware moment."""
    return moment.astimezone(LOCAL_TIME).date()


def rule(code: str, message: str) -> PydanticCustomError:
    """An error of a rule of ours; `message` never repeats the value."""
    return PydanticCustomError(OWN + code, message)


def described(text: str) -> Callable[[type[_Choice]], type[_Choice]]:
    """Sets the published description of an enumeration: the schemas take it from the docstring otherwise."""

    def describe(choices: type[_Choice]) -> type[_Choice]:
        choices.__doc__ = text
        return choices

    return describe


def is_fit(text: str) -> bool:
    """Returns whether a line of text has none of the characters that no line should have."""
    return (text.isascii() and text.isprintable()) or not _UNFIT.search(text)


def _fit(text: str) -> str:
    """The text as it is: an id that was tidied up would no longer be the same id."""
    if not is_fit(text):
        raise rule(
            "control_character",
            "must not have control characters, line breaks or signs that turn the direction of writing",
        )
    return text


def _line(text: str) -> str:
    """The text in Unicode's composed form (NFC), without the white space around it."""
    if len(text) > _LONGEST_LINE:
        raise rule("too_long", f"must have at most {_LONGEST_LINE} characters")
    return _fit(text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def _addressable(text: str) -> str:
    """A key that can be a part of an address: programs leave out steps such as `..` before they ask (RFC 3986, 5.2.4).

    `DELETE …/participants/..` would arrive as one about the partner. Browsers take a backslash for a slash, and `%2e`
    for a dot.
    """
    if any(not step or _DOTS.fullmatch(step) for step in _SLASH.split(text)):
        raise rule("not_addressable", "must not be . or .., nor have these or nothing between slashes")
    return text


def _visible_key(text: str) -> str:
    """A key of which everything is seen: two that look the same would be two people."""
    if has_invisible_sign(text):
        raise rule("invisible_character", "must not have invisible characters, nor blanks other than the plain one")
    return text


def _header_safe(text: str) -> str:
    """A line that can go into a mail header; Python decodes `=?` there, CVE-2024-6923 (messaging facts, "Mail")."""
    text = _line(text)
    if "=?" in text:
        raise rule("encoded_word", "must not contain =?")
    return text


def _name(text: str) -> str:
    """A name, or nothing; joiners inside words stay, since without them it is another name."""
    # Once more: what stood around an invisible character may be an encoded word without it.
    name = _header_safe(without_format_characters(text))
    if text and not has_visible_sign(name):
        raise rule("nothing_visible", "must have a letter or another visible sign")
    return name


def _mailable(address: str) -> str:
    if not can_get_mail(address):
        raise rule("no_mail_possible", "must have at most 64 letters, digits and signs before the @, without accents")
    return address


def _address(text: str) -> str:
    text = _header_safe(text)
    if len(text) > 254:
        raise rule("too_long", "must have at most 254 characters")
    address = canonical_address(text)
    if address is None:
        raise rule("not_an_address", "must be an e-mail address")
    return address


def _written(pattern: re.Pattern[str], code: str, message: str) -> Callable[[Any], Any]:
    """Takes text of that form and what Python has for it: numbers and digits would be taken for Unix times."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and pattern.match(value)):
            return value
        raise rule(code, message)

    return check


def _possible_day(day: date) -> date:
    if not _FIRST_DAY <= day < _LAST_DAY:
        raise rule("out_of_range", "must be between 1900-01-01 and 9999-12-30")
    return day


def _possible_moment(moment: datetime) -> datetime:
    if not _FIRST_MOMENT <= moment < _LAST_MOMENT:
        raise rule("out_of_range", "must be between the years 2000 and 2200")
    return moment


def _without_last_day(day: date | None) -> date | None:
    """No end at all for 9999-12-31, which is how many personnel systems write it."""
    return None if day is None or day == _LAST_DAY else _possible_day(day)


class Venue(StrEnum):
    """The five houses of the programme."""

    NDT = "ndt"
    RESIDENTIE_ORKEST = "residentie-orkest"
    PAARD = "paard"
    BEELDEN_AAN_ZEE = "beelden-aan-zee"
    HET_NATIONALE_THEATER = "het-nationale-theater"

    @property
    def label(self) -> str:
        """The name as people write it."""
        return _LABELS[self]


_LABELS: Final = {
    Venue.NDT: "Nederlands Dans Theater",
    Venue.RESIDENTIE_ORKEST: "Residentie Orkest",
    Venue.PAARD: "PAARD",
    Venue.BEELDEN_AAN_ZEE: "Beelden aan Zee",
    Venue.HET_NATIONALE_THEATER: "Het Nationale Theater",
}


class Language(StrEnum):
    """The languages that participants are written to in."""

    NL = "nl"
    EN = "en"


Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Line = Annotated[Text, AfterValidator(_line)]
HeaderLine = Annotated[Text, AfterValidator(_header_safe)]

Slug = Annotated[Text, Field(pattern=f"^{SLUG_PATTERN}$", description="Short name of a partner or venue")]
MessageId = Annotated[
    Text,
    AfterValidator(_fit),
    Field(min_length=1, max_length=MAX_ID_LENGTH, description="Id of the message that this is the answer to"),
]
EmployeeRef = Annotated[
    Line, Field(min_length=1, max_length=64, description="HR's own stable key of the employee; never the e-mail")
]
# Of somebody new: who has another one from earlier can still leave.
NewEmployeeRef = Annotated[EmployeeRef, AfterValidator(_addressable), AfterValidator(_visible_key)]
PersonName = Annotated[HeaderLine, Field(max_length=100, description="Empty for who has the other name only")]
NewPersonName = Annotated[PersonName, AfterValidator(_name)]
HolderName = Annotated[
    HeaderLine, Field(min_length=1, max_length=201, description="Given and family name, as printed on the ticket")
]
PartnerName = Annotated[HeaderLine, Field(min_length=1, max_length=200, description="The partner's name in full")]
Title = Annotated[HeaderLine, Field(min_length=1, max_length=200)]
EmailText = Annotated[
    Text,
    AfterValidator(_address),
    Field(description="At most 254 characters", json_schema_extra={"format": "email"}),
]
# Of somebody new: letters can be sent there. Events may still carry an address from before this was asked.
MailAddress = Annotated[EmailText, AfterValidator(_mailable)]
Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(
        _written(_TIME, "not_a_time", "must be an RFC 3339 time such as 2026-11-05T19:30:00+01:00"),
        json_schema_input_type=datetime,
    ),
    AfterValidator(_possible_moment),
]
_WrittenDay = Annotated[
    date,
    BeforeValidator(
        _written(re.compile(rf"{_DAY.pattern}\Z"), "not_a_date", "must be a date such as 2026-11-05"),
        json_schema_input_type=date,
    ),
]
Day = Annotated[_WrittenDay, AfterValidator(_possible_day)]
LastDay = Annotated[_WrittenDay | None, AfterValidator(_without_last_day)]

Version = Annotated[
    Whole, Field(ge=1, description="Grows with every change of its subject; a reader skips what it has passed")
]
Places = Annotated[Whole, Field(ge=1, le=1_000_000, description="Contracted places in the season")]
ParticipantId = Annotated[UUID, Field(description="The participant")]
EveningId = Annotated[UUID, Field(description="The evening")]
TicketId = Annotated[UUID, Field(description="The ticket, or the place in the waiting list it may grow out of")]
Link = Annotated[
    Text,
    Field(pattern=r"^https?://[!-~]+$", max_length=2000, description="Address of the participant's own page"),
]
