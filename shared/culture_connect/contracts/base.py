"""What all messages have in common, and the types that their fields share."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """The body of a message. Building one forbids unknown fields, reading one passes them over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ClassVar[str]

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Reads JSON, ignoring fields it does not know. Raises pydantic's ValidationError."""
        return cls.model_validate_json(data, extra="ignore")

    def to_json(self) -> bytes:
        """The body as it goes over the wire."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def routing_key(cls, scope: str | None = None) -> str:
        """`<subject>.<verb>`, followed by the partner or venue where the type has one."""
        _, _, subject, verb, _ = cls.type.split(".")
        return f"{subject}.{verb}.{scope}" if scope else f"{subject}.{verb}"
