"""The base of all messages: data of a named type that knows its routing key and its JSON."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict

from culture_connect.contracts.values import (
    EmailText,
    Language,
    PersonName,
    Slug,
    Timestamp,
    Title,
    Venue,
)

__all__ = [
    "TYPE_PREFIX",
    "EmailText",
    "Language",
    "Localised",
    "Message",
    "Model",
    "PersonName",
    "Slug",
    "Timestamp",
    "Venue",
    "full_type",
]

TYPE_PREFIX: Final = "nl.cultureconnect."
_TYPE = re.compile(r"nl\.cultureconnect\.(?P<short>[a-z][a-z-]*\.[a-z][a-z-]*)\.v[1-9]\d*")
_SHORT_TYPE = re.compile(r"[a-z][a-z-]*\.[a-z][a-z-]*")


class Model(BaseModel):
    """Immutable data. Building it with a field that it does not have is an error; reading ignores such fields."""

    # Validation errors end up in tracebacks, and what was put in may be personal data.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Localised(Model):
    """A text in both languages of the programme."""

    nl: Title
    en: Title

    def in_(self, language: Language) -> str:
        """The text in that language."""
        return self.en if language is Language.EN else self.nl


class Message(Model):
    """A message on the bus. Each kind names its `type` in full: `nl.cultureconnect.<subject>.<past tense>.v<n>`."""

    type: ClassVar[str]
    example_data: ClassVar[Mapping[str, Any]]
    short_type: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuses a type that is not written as the contract wants it."""
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            match = _TYPE.fullmatch(cls.type)
            if match is None:
                raise TypeError(f"{cls.__name__}.type is not a type of the contract: {cls.type}")
            cls.short_type = match["short"]

    @classmethod
    def example(cls) -> Self:
        """Returns the message that the documentation shows and the tests begin with."""
        return cls(**cls.example_data)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Reads JSON and ignores fields it does not know. Raises pydantic's ValidationError."""
        return cls.model_validate_json(data, extra="ignore")

    def to_json(self) -> bytes:
        """The data as JSON in UTF-8."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def routing_key(cls, scope: str | None) -> str:
        """The routing key on `core`, such as `participant.enrolled.acme`; scope None leaves the last word away."""
        return f"{cls.short_type}.{scope}" if scope else cls.short_type


def full_type(name: str) -> str:
    """The full form of a type, also for its short form (`enrolment.requested`); anything else as it is."""
    return f"{TYPE_PREFIX}{name}.v1" if _SHORT_TYPE.fullmatch(name) else name
