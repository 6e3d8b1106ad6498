"""From bytes to a message, or to a list of what is wrong with them."""

from collections.abc import Iterable

from pydantic import ValidationError

from culture_connect.contracts.base import Message
from culture_connect.contracts.errors import RefusalError, UnknownType, UnreadableMessage, refusals


def read_as(models: Iterable[type[Message]], type_: str, data: bytes) -> Message:
    """Reads `data` with the one of these models that has this type.

    Raises UnknownType when there is none, and UnreadableMessage when the data does not fit it.
    """
    model = next((model for model in models if model.type == type_), None)
    if model is None:
        raise UnknownType
    try:
        return model.read(data)
    except ValidationError as error:
        raise UnreadableMessage(_body_problem(data, error) or refusals(error)) from None


def _body_problem(data: bytes, error: ValidationError) -> list[RefusalError] | None:
    """One plain code for a body that no model could read."""
    [first, *_] = error.errors(include_url=False, include_context=False, include_input=False)
    if first["type"] == "json_invalid":
        try:
            data.decode()
        except UnicodeDecodeError:
            return [RefusalError(field="body", code="not_utf8", message="The body must be UTF-8.")]
        return [RefusalError(field="body", code="not_json", message="The body must be JSON.")]
    if first["type"] == "model_type":
        return [RefusalError(field="body", code="not_an_object", message="The body must be a JSON object.")]
    return None
