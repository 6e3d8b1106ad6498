"""The worst that fits into a request: sent to every operation of an API, and how long each holds the event loop."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from tests.support.event_loop import held

MARKS: Final = "\u0315\u0300"
_ANY_ID: Final = str(UUID(int=1))
_LONG_QUERY: Final = 20_000  # characters; servers take heads of about 64 KiB


@dataclass(frozen=True)
class Held:
    """The outcome of one request: operation, kind of body, answer, and the seconds the loop was blocked."""

    request: str
    status: int
    seconds: float


async def ask_the_worst(
    api: httpx.AsyncClient, largest: int, paths: Mapping[str, str] | None = None, **headers: str
) -> list[Held]:
    """Sends hostile bodies of up to `largest` bytes, and hostile queries, to every operation of the API's document.

    `paths` are parameters of paths that lead to something; others get an id that nobody has.
    """
    document = (await api.get("/openapi.json")).json()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            address = _filled(path, operation, paths or {})
            for name, query, kind, body in _requests(document, operation, largest):
                sent = {**headers, "content-type": kind}
                async with held() as loop:
                    answer = await api.request(method.upper(), f"{address}{query}", content=body, headers=sent)
                found.append(Held(f"{method.upper()} {path}, {name}", answer.status_code, loop.longest))
    return found


def _filled(path: str, operation: Mapping[str, Any], known: Mapping[str, str]) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", known.get(name, _ANY_ID))
    return path


def _requests(
    document: Mapping[str, Any], operation: Mapping[str, Any], largest: int
) -> Iterator[tuple[str, str, str, bytes]]:
    """Name, query, content type and body of each."""
    for name, kind, body in _bodies(document, operation, largest):
        yield name, "", kind, body
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            value = httpx.QueryParams({parameter["name"]: MARKS * (_LONG_QUERY // 12)})
            yield f"marks in the query {parameter['name']}", f"?{value}", "text/plain", b""


def _bodies(
    document: Mapping[str, Any], operation: Mapping[str, Any], largest: int
) -> Iterator[tuple[str, str, bytes]]:
    content = operation.get("requestBody", {}).get("content", {})
    for kind, described in content.items():
        if "json" not in kind:
            yield "one long line", kind, b" " * largest
            yield "blank lines", kind, b"\n" * largest
            yield "headers without end", kind, b"a: b\n" * (largest // 5)
            continue
        yield "lists in lists", kind, b"[" * largest
        yield "objects in objects", kind, b'{"a":' * (largest // 5)
        for name, value in _values(largest - 1000):
            yield name, kind, value
            for field in _fields(document, described["schema"]):
                yield f"{name} as {field}", kind, b'{"%b": %b}' % (field.encode(), value)


def _values(size: int) -> Iterator[tuple[str, bytes]]:
    yield "empty objects", b"[" + b"{}," * (size // 3 - 1) + b"{}]"
    yield "many fields", json.dumps({f"x{number:07}": 1 for number in range(size // 14)}).encode()
    yield "combining marks", json.dumps("a" + MARKS * (size // 4 - 2), ensure_ascii=False).encode()
    yield "a long number", b"9" * size
    yield "a long fraction", b"0." + b"9" * (size - 2)
    yield "escapes", b'"' + b"\\ud83d\\ude00" * (size // 12 - 1) + b'"'


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    if (reference := schema.get("$ref")) is not None:
        named = document["components"]["schemas"][reference.rpartition("/")[2]]
        yield from named.get("properties", {})
    for choice in schema.get("anyOf", ()):
        yield from _fields(document, choice)
