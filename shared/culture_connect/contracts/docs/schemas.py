"""The JSON Schema of every message, for those who build against the bus."""

import json
from typing import Any

from culture_connect.contracts.catalogue import CATALOGUE, CatalogueEntry


def schema_of(entry: CatalogueEntry) -> dict[str, Any]:
    """The schema (draft 2020-12) of the data: of what we take from outside, or of what we promise to send."""
    from_outside = entry.channel in ("hr", "box-office")
    schema = _open(entry.model.model_json_schema(mode="validation" if from_outside else "serialization"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": entry.model.type,
        "description": entry.meaning,
    }


def schema_path(entry: CatalogueEntry) -> str:
    """Returns the path of the schema, below the documentation folder."""
    return f"schemas/{entry.vhost}/{entry.model.type}.json"


def schema_files() -> dict[str, str]:
    """Every schema by its path."""
    return {
        schema_path(entry): json.dumps(schema_of(entry), indent=2, ensure_ascii=False) + "\n" for entry in CATALOGUE
    }


def _open(schema: Any) -> Any:
    """The schema without its ban on other fields: readers ignore what they do not know, ours and theirs."""
    if isinstance(schema, list):
        return [_open(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _open(value)
        for name, value in schema.items()
        if not (name == "additionalProperties" and value is False) and not (name == "title" and isinstance(value, str))
    }
