"""An OpenAPI document as a page of HTML."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c28 }
h2 { margin-top: 2.5rem } code, .method { font-family: ui-monospace, monospace } .method { font-weight: 700 }
details { border: 1px solid #d5d5e0; border-radius: 6px; margin: .5rem 0; padding: .5rem .8rem }
summary { cursor: pointer } table { border-collapse: collapse; margin: .5rem 0 1rem; width: 100% }
pre { background: #f5f5fa; border-radius: 6px; overflow-x: auto; padding: .6rem .8rem; font-size: .85rem }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #e8e8f0 }
"""


def render(document: Schema) -> str:
    """The whole page; everything that comes from the document is escaped."""
    info = document["info"]
    schemas = document.get("components", {}).get("schemas", {})
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in sorted(document["paths"].items())
        for method, operation in methods.items()
        if method in _METHODS
    )
    models = "".join(_model(name, schema) for name, schema in sorted(schemas.items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])}</h1><p>{escape(info.get('description', ''))}</p>"
        '<p>For programs: <a href="openapi.json">openapi.json</a>, <a href="asyncapi.json">asyncapi.json</a>. '
        "Errors are problem details (RFC 9457).</p>"
        f"<h2>Operations</h2>{operations}<h2>Data</h2>{models}</body></html>"
    )


def _operation(method: str, path: str, operation: Schema) -> str:
    title = escape(operation.get("summary", ""))
    lines = [f"<p>{escape(operation.get('description', ''))}</p>"]
    if operation.get("security"):
        lines.append("<p>Needs a bearer token.</p>")
    parameters = operation.get("parameters", [])
    if parameters:
        lines.append(_table(("Parameter", "in", "Type", ""), (_parameter(entry) for entry in parameters)))
    if "requestBody" in operation:
        body = operation["requestBody"]
        lines.append(f"<p>Body: {_content(body)}. {escape(body.get('description', ''))}</p>")
        lines += [_example(entry["example"]) for entry in body["content"].values() if "example" in entry]
    answers = (
        (code, answer.get("description", ""), _content(answer)) for code, answer in operation["responses"].items()
    )
    rows = ((escape(code), escape(description), content) for code, description, content in answers)
    lines.append(_table(("Status", "Meaning", "Body"), rows))
    head = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> {title}'
    return f"<details><summary>{head}</summary>{''.join(lines)}</details>"


def _parameter(entry: Schema) -> tuple[str, ...]:
    need = "required" if entry.get("required") else ""
    note = " ".join(filter(None, (need, entry.get("description", ""))))
    return f"<code>{escape(entry['name'])}</code>", escape(entry["in"]), _type(entry.get("schema", {})), escape(note)


def _model(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    if "properties" not in schema:
        body = f"<p>{_type(schema)}</p>"
    else:
        rows = (
            (
                f"<code>{escape(field)}</code>",
                _type(entry),
                "required" if field in required else "",
                escape(entry.get("description", "")),
            )
            for field, entry in schema["properties"].items()
        )
        body = _table(("Field", "Type", "", ""), rows)
    text = f"<p>{escape(schema.get('description', ''))}</p>"
    examples = "".join(_example(example) for example in schema.get("examples", ()))
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{text}{body}{examples}</details>'
    )


def _example(example: Any) -> str:
    written = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return f"<p>Example:</p><pre>{escape(written)}</pre>"


def _content(part: Schema) -> str:
    return ", ".join(_type(entry.get("schema", {})) for entry in part.get("content", {}).values())


def _type(schema: Schema) -> str:
    """A schema in a few words, with links to the named ones."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(_type(entry) for entry in schema[key])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"map to {_type(schema['additionalProperties'])}"
    return escape(" ".join(filter(None, (str(schema.get("type", "any")), schema.get("format", "")))))


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
