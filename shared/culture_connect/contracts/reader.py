"""Reads a message from bytes, or returns the list of its problems as an exception."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from pydantic import ValidationError

from culture_connect.contracts.base import Message
from culture_connect.contracts.catalogue import Channel, models_of
from culture_connect.contracts.problems import RefusalError, UnknownType, UnreadableMessage, problem, refusals


def read(type: str, data: bytes, channel: Channel = "core") -> Message:  # noqa: A002 - the CloudEvents attribute
    """Reads the data of a message of this full type, by the schema of the channel.

    Raises UnknownType, or UnreadableMessage with all problems.
    """
    model = models_of(channel).get(type)
    if model is None:
        raise UnknownType
    return _read(model, data)


def read_as(models: Iterable[type[Message]], type: str, data: bytes) -> Message:  # noqa: A002 - the CloudEvents attribute
    """Reads the data of a message of this full type with the one of `models` that has it.

    Raises UnknownType, or UnreadableMessage with all problems.
    """
    for model in models:
        if model.type == type:
            return _read(model, data)
    raise UnknownType


def parse(data: bytes) -> dict[str, Any]:
    """The JSON object in the data, read as `parse_json` does. Raises UnreadableMessage."""
    found = parse_json(data)
    if not isinstance(found, dict):
        _refuse("not_an_object", "the body must be a JSON object")
    return found


def parse_json(data: bytes) -> Any:
    """The JSON in the data: UTF-8, no name twice, no NaN, no number beyond those that there are.

    A byte order mark in front is passed over (RFC 8259, section 8.1): programs for Windows write one.

    Stricter than Python's own reader: two readers that take a doubtful text differently can be played off
    against each other (RFC 8259, section 4). Raises UnreadableMessage.
    """
    try:
        found = _DECODER.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        _refuse("not_utf8", "the body is not UTF-8")
    except _Doubtful as error:
        raise UnreadableMessage([error.problem]) from None
    except RecursionError:
        _refuse("too_deep", "the body is nested too deeply")
    except ValueError:
        _refuse("not_json", "the body is not valid JSON")
    if _SURROGATE.search(data) and not _is_unicode(found):
        _refuse("not_json", "the body has half a character: a surrogate without its other half")
    return found


def _is_unicode(found: object) -> bool:
    """Returns whether the value can be written as JSON again; Python's reader lets half characters pass."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(model: type[Message], data: bytes) -> Message:
    values = parse(data)
    try:
        return model.model_validate(values, extra="ignore")
    except ValidationError as error:
        # Not chained: pydantic's error holds what was sent.
        raise UnreadableMessage(refusals(error)) from None


def _refuse(code: str, message: str) -> NoReturn:
    raise UnreadableMessage([problem(code, message)]) from None


class _Doubtful(ValueError):
    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code)
        self.problem: RefusalError = problem(code, message, field=field)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        # A name that is not like those of fields may be anything, also personal.
        raise _Doubtful("duplicate_field", "the body has a field twice", twice if _FIELD.fullmatch(twice) else None)
    return found


def _constant(_: str) -> NoReturn:
    raise _Doubtful("not_json", "the body is not valid JSON: NaN and Infinity are no JSON numbers")


def _number(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _Doubtful("not_json", "the body has a number that is too large")
    return number


_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)
