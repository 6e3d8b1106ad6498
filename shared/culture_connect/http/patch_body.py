"""Bodies of PATCH requests: only what they name is changed (in the manner of RFC 7396, at the first level)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class PatchBody(BaseModel):
    """The fields to change. Every field has some default, which stands for "absent" and is never used."""

    model_config = ConfigDict(extra="forbid")

    @property
    def named(self) -> dict[str, Any]:
        """The fields that the body names, null included."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Leaves out the defaults, which are placeholders."""
        document = handler.resolve_ref_schema(handler(schema))
        for field in document.get("properties", {}).values():
            field.pop("default", None)
        return document
