"""Checks the words of the code: `python deploy/check/words.py [FOLDER ...]`, status 1 when one does not belong.

Names are those that an engineer who knows messaging, ticketing and web services knows already. Three rules hold it:

- no name has a word of BANNED in it; the message says which word is usual, and why
- no module is named by a gerund (`allocate.py`, not `allocating.py`), but for the usual nouns of NOUNS
- no docstring opens with a relative clause ("What a partner holds"): the subject or the verb comes first
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDERS: Final = ("shared", "services", "deploy", "tests")

BANNED: Final[Mapping[str, str]] = {
    "asking": "seat_request, request: what a participant sends is a request",
    "bury": "add_tombstone: the row is a tombstone",
    "cast": "actors: whoever takes part in a scenario",
    "crowd": "actors: whoever takes part in a scenario",
    "cure": "remedy: what an operator does about a finding",
    "ear": "listener: it receives what is published",
    "fade": "purge: contents are deleted after their retention",
    "fading": "purge: contents are deleted after their retention",
    "gravity": "severity: how bad a finding is",
    "house": "venue, harness or services: it stood for all three",
    "impostor": "id_conflict: another message has this id",
    "lucky": "promoted: who got a seat from the waiting list",
    "patience": "debounce or timeout: how long something waits",
    "pauses": "backoff: growing waits between tries",
    "projecting": "projections: rows kept from events",
    "settling": "allocation: giving seats by the rules",
    "stillborn": "suppressed: a letter that is planned and not sent",
    "stray": "unroutable or orphan: nothing takes it",
    "telling": "events: what is published",
    "whereabouts": "locations: where something is reached",
    "wish": "request: what somebody asks for",
    "wishes": "requests: what somebody asks for",
}

# Names of schemas in OpenAPI documents, for which clients may have code.
PUBLISHED: Final = frozenset({"Asking"})

# Nouns of the field that end like gerunds.
NOUNS: Final = frozenset(
    {
        "batching",
        "composing",
        "consuming",
        "evening",
        "logging",
        "messaging",
        "paging",
        "rendering",
        "ticketing",
        "tracing",
    }
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_RELATIVE = re.compile(r"(What|Who|Whom|Whose|How|Why|Whether|When|Whatever|Whoever|Whenever|Wherever|Which|Where)\b")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A word that does not belong, at a line of a file."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def check(path: str, source: str) -> list[Finding]:
    """Returns what the rules say against a module, in the order of its lines."""
    return sorted({*_module_name(path), *_names(path, ast.parse(source)), *_docstrings(path, ast.parse(source))})


def _module_name(path: str) -> Iterator[Finding]:
    for part in Path(path).with_suffix("").parts[1:]:
        for word in words_of(part):
            if word in BANNED:
                yield Finding(path, 1, f"{part!r} has {word!r} in it; usual is {BANNED[word]}")
        last = (words_of(part) or [""])[-1]
        if len(last) > 4 and last.endswith("ing") and last not in NOUNS and not part.startswith("test_"):
            yield Finding(path, 1, f"{part!r} is a gerund; a module is a noun or a verb")


def _names(path: str, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        for name in _bound(node):
            for word in () if name in PUBLISHED else words_of(name):
                if word in BANNED:
                    line = getattr(node, "lineno", 1)
                    yield Finding(path, line, f"{name!r} has {word!r} in it; usual is {BANNED[word]}")


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node brings into being; tests are sentences, and their names are not looked at."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            if not name.startswith("test_"):
                yield name
        case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name


def _docstrings(path: str, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            if opening := _RELATIVE.match(text):
                line = getattr(node, "lineno", 1)
                yield Finding(path, line, f"the docstring opens with {opening[1]!r}; its subject or verb comes first")


def words_of(name: str) -> list[str]:
    """Returns the words of a name in small letters: `HttpServer_of` gives http, server, of."""
    return [word.lower() for word in _WORD.findall(name)]


def main(folders: list[str]) -> int:
    """Prints the findings of all modules below the folders; returns the status of the process."""
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py") if ".venv" not in file.parts)
    found = [finding for file in files for finding in check(file.as_posix(), file.read_text(encoding="utf-8"))]
    for finding in found:
        print(finding)  # noqa: T201  # for people who run the check
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(FOLDERS)))
