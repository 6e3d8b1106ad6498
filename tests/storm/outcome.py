"""The options of a storm, and its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm.detection import Named
from tests.storm.findings import Findings
from tests.storm.flow import Interruption
from tests.storm.kinds import KINDS
from tests.storm.schedule import Broken


@dataclass(frozen=True)
class Options:
    """Everything that a storm is follows from these; times are in seconds.

    `gap` is the mean time between two breaks, `pace` how many messages a second each HR system sends, `people` how many
    employees a partner has, `calm` how long the load goes on after the last break, `quiet` how long the end may take.
    With `alone` each of the `kinds` of breaks comes once by itself, to see who names it. `sabotage` breaks a promise on
    purpose. With `cluster` broker and database are clusters in containers. `logs` is a folder for the logs of every
    part.
    """

    seed: int
    breaks: int = 300
    gap: float = 3.5
    longest: float = 40.0
    pace: float = 1.5
    people: int = 40
    calm: float = 10.0
    quiet: float = 240.0
    alone: bool = True
    kinds: Sequence[str] = tuple(KINDS)
    sabotage: str | None = None
    cluster: bool = False
    logs: Path | None = None


@dataclass
class StormOutcome:
    """The outcome of a storm; `named` has who detected a kind of break, `seconds` how long each part took.

    `interruptions` has for each break for how long nothing flowed.
    """

    options: Options
    findings: Findings = field(default_factory=Findings)
    breaks: list[Broken] = field(default_factory=list)
    named: dict[str, list[Named]] = field(default_factory=dict)
    interruptions: list[Interruption] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
