"""Problems of a message, in words by which its sender can correct it and that repeat no personal data."""

import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = [
    "CODES",
    "OWN",
    "ContractError",
    "EnvelopeError",
    "RefusalError",
    "UnknownType",
    "UnreadableMessage",
    "ValidationError",
    "problem",
    "refusals",
    "refusals_of",
]


MAX_PROBLEMS: Final = 50
"""The most problems that are reported of one message or request: an answer must stay small."""


class RefusalError(BaseModel):
    """One problem: `field` is a dotted path into the data (None for the whole message), `code` is stable."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: str | None = None
    code: str
    message: str


class ContractError(Exception):
    """A message that breaks the contract. Its text holds codes only."""

    def __init__(self, problems: list[RefusalError]) -> None:
        super().__init__(", ".join(f"{each.field or 'message'}: {each.code}" for each in problems))
        self.problems = problems


class UnreadableMessage(ContractError):
    """The data does not fit its type."""


class UnknownType(ContractError):
    """No message of this type is known here."""

    def __init__(self) -> None:
        super().__init__([problem("unknown_type", "no message of this type is known here", field="type")])


class EnvelopeError(ContractError):
    """The envelope cannot be understood; `id` and `type` are kept where they could be found, for an answer."""

    def __init__(self, problems: list[RefusalError], *, id: str | None, type: str | None) -> None:  # noqa: A002 - CloudEvents attributes
        super().__init__(problems)
        self.id = id
        self.type = type


def problem(code: str, message: str, *, field: str | None = None) -> RefusalError:
    """One problem, in words of our own."""
    return RefusalError(field=field, code=code, message=message)


def refusals(error: ValidationError) -> list[RefusalError]:
    """The problems in a validation error: path, stable code, and words without the value that was sent."""
    return refusals_of(error.errors(include_url=False, include_input=False))


def refusals_of(entries: Iterable[Mapping[str, Any]]) -> list[RefusalError]:
    """The same for the entries of a validation error, wherever they come from; at most `MAX_PROBLEMS` of them."""
    return [
        _refusal(each["type"], each["loc"], each.get("ctx", {}), each["msg"])
        for each in itertools.islice(entries, MAX_PROBLEMS)
    ]


CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "after_start": "a moment that must come before the evening starts does not",
        "ambiguous": "`data` and `data_base64` are both there",
        "before_start": "an end comes before its start",
        "control_character": "text has control characters, line breaks or signs that turn its direction",
        "drinks_last": "the programme does not end with drinks",
        "duplicate_field": "a field is there twice",
        "encoded_word": "text that goes into mail headers has `=?`",
        "invalid": "not valid in a way that has no code of its own",
        "invisible_character": "a key with a character that nobody sees, or with an uncommon blank",
        "malformed": "text does not have the right form, for instance that of a slug",
        "missing": "a required field or attribute is not there",
        "no_offset": "a time does not say its offset from UTC",
        "no_mail_possible": "an address to which no letter can be sent: too long before the @, or not plain ASCII",
        "no_name": "neither a given nor a family name",
        "not_a_boolean": "neither true nor false",
        "not_a_date": "not a day such as 2026-11-05",
        "not_a_list": "not a list",
        "not_a_season": "not two consecutive years",
        "not_a_string": "not text",
        "not_a_time": "not an RFC 3339 time",
        "not_a_uuid": "not a UUID",
        "not_allowed": "not one of the values that are possible",
        "not_addressable": "a key that an address on the web cannot carry: `.` or `..`, also between slashes",
        "not_an_address": "not an e-mail address",
        "not_an_integer": "not a whole number",
        "not_an_object": "not a JSON object",
        "not_base64": "`data_base64` is not Base64",
        "not_json": "the body is not valid JSON",
        "not_utf8": "the body is not UTF-8",
        "nothing_visible": "a name without a visible sign",
        "nothing_to_see": "the programme has no exhibition, performance or concert",
        "one_in_depth_part": "the programme does not have exactly one in-depth part",
        "out_of_order": "the parts of the programme are not in the order in which they begin",
        "out_of_range": "a day or time that cannot be meant",
        "outside_evening": "a part of the programme lies outside the evening",
        "over_capacity": "more seats reserved than there are",
        "too_deep": "the body is nested too deeply",
        "too_large": "a number, the body or the table of headers is too large",
        "too_long": "text or a list is too long",
        "too_short": "text or a list is too short",
        "too_small": "a number is too small",
        "unknown_field": "a field that this resource does not have (HTTP; on the bus it is ignored)",
        "unknown_type": "a message of a type that is not known here",
        "unsupported": "a CloudEvents version or format that is not taken",
    }
)
"""Every code that this package gives, for the documentation."""

# pydantic's names of errors may change with its version; ours are part of the public contract.
_CODES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "missing": ("missing", "is required"),
        "extra_forbidden": ("unknown_field", "is not a field of this message"),
        "string_type": ("not_a_string", "must be a string"),
        "string_unicode": ("not_a_string", "must be a string of Unicode characters"),
        "string_too_short": ("too_short", "must have at least {min_length} characters"),
        "too_short": ("too_short", "must have a length of at least {min_length}"),
        "string_too_long": ("too_long", "must have at most {max_length} characters"),
        "too_long": ("too_long", "must have a length of at most {max_length}"),
        "string_pattern_mismatch": ("malformed", "does not have the right form"),
        "enum": ("not_allowed", "must be {expected}"),
        "literal_error": ("not_allowed", "must be {expected}"),
        "int_type": ("not_an_integer", "must be a whole number"),
        "int_from_float": ("not_an_integer", "must be a whole number"),
        "int_parsing": ("not_an_integer", "must be a whole number"),
        "int_parsing_size": ("too_large", "is too large a number"),
        "bool_parsing": ("not_a_boolean", "must be true or false"),
        "bool_type": ("not_a_boolean", "must be true or false"),
        "greater_than": ("too_small", "must be greater than {gt}"),
        "greater_than_equal": ("too_small", "must be at least {ge}"),
        "less_than": ("too_large", "must be less than {lt}"),
        "less_than_equal": ("too_large", "must be at most {le}"),
        "uuid_type": ("not_a_uuid", "must be a UUID"),
        "uuid_parsing": ("not_a_uuid", "must be a UUID"),
        "timezone_aware": ("no_offset", "must have an offset from UTC, such as +01:00 or Z"),
        "list_type": ("not_a_list", "must be a list"),
        "dict_type": ("not_an_object", "must be an object"),
        "model_type": ("not_an_object", "must be a JSON object"),
        "model_attributes_type": ("not_an_object", "must be a JSON object"),
        "json_invalid": ("not_json", "is not valid JSON"),
        "json_type": ("not_json", "is not valid JSON"),
    }
)
# Errors of our own types, whose code and words are ours already; see `rule`.
OWN: Final = "contract:"


def _refusal(kind: str, location: tuple[int | str, ...], context: Mapping[str, Any], text: str) -> RefusalError:
    if kind.startswith(OWN):
        code, message = kind.removeprefix(OWN), text
    elif kind.startswith("datetime"):
        code, message = "not_a_time", "must be an RFC 3339 time such as 2026-11-05T19:30:00+01:00"
    elif kind.startswith("date"):
        code, message = "not_a_date", "must be a date such as 2026-11-05"
    else:
        code, template = _CODES.get(kind, ("invalid", "is not valid"))
        message = template.format_map(context)
    return RefusalError(field=".".join(map(str, location)) or None, code=code, message=message)
