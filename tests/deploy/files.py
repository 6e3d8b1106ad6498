"""Reading the files that describe containers, as Docker would."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("registration", "ticketing", "notifications")

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")


def compose() -> dict[str, Any]:
    """docker-compose.yml with the defaults of its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    filled = _VARIABLE.sub(lambda match: match["default"], text)
    assert "${" not in filled, "a variable without a default"
    document: dict[str, Any] = yaml.safe_load(filled)
    return document


def variables() -> set[str]:
    """The variables that the person who starts it may set."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return {match["name"] for match in _VARIABLE.finditer(text)}


def mounts(service: Mapping[str, Any]) -> dict[str, str]:
    """Target to source of the service's volumes."""
    return {target: source for source, target, *_ in (entry.split(":") for entry in service.get("volumes", ()))}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments, whether written as a shell line or as JSON."""
        if self.text.startswith("["):
            words: list[str] = json.loads(self.text)
            return words
        return shlex.split(self.text)


def dockerfile(path: str) -> list[list[Instruction]]:
    """The stages of a Dockerfile, each with its instructions."""
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    stages: list[list[Instruction]] = []
    for line in joined:
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        if name == "HEALTHCHECK":
            rest = rest[rest.index("CMD ") + 4 :]
        stages[-1].append(Instruction(name, rest.strip()))
    return stages


def copies(stage: list[Instruction]) -> list[tuple[str, str]]:
    """Source in the repository and target in the image of every COPY from the build context."""
    found = [instruction.words for instruction in stage if instruction.name == "COPY"]
    return [(source, words[-1]) for words in found if not words[0].startswith("--from") for source in words[:-1]]
