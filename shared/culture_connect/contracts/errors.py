"""What is wrong with a message, in words for the one who sent it, and without repeating what it held."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class RefusalError(BaseModel):
    """One thing to mend: the field, a stable code, and a sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=60)]
    message: Annotated[str, Field(max_length=500)]


class UnreadableMessage(Exception):
    """A body that is not what its type promises; `problems` says why."""

    def __init__(self, problems: list[RefusalError]) -> None:
        super().__init__(", ".join(f"{problem.field}: {problem.code}" for problem in problems))
        self.problems = problems


class UnknownType(UnreadableMessage):
    """A type that is not taken here."""

    def __init__(self) -> None:
        super().__init__([RefusalError(field="type", code="unknown_type", message="This type is not taken here.")])


class EnvelopeError(UnreadableMessage):
    """A message without the attributes every message needs; `id` and `type` as far as they could be found."""

    def __init__(self, problem: RefusalError, *, id: str | None, type: str | None) -> None:  # noqa: A002 - CloudEvents names
        super().__init__([problem])
        self.id = id
        self.type = type


def refusals(error: ValidationError) -> list[RefusalError]:
    """The problems that pydantic found, without the values: they may be personal."""
    return [
        RefusalError(
            field=".".join(str(step) for step in problem["loc"])[:200] or "data",
            code=problem["type"][:60],
            message=problem["msg"][:500],
        )
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
