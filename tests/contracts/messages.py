"""All classes of messages, as the tests of the contracts go through them."""

from pathlib import Path
from typing import Final

from culture_connect.contracts import Message

GOLDEN: Final = Path(__file__).parent / "golden"


def kinds(base: type[Message] = Message) -> list[type[Message]]:
    """Returns every message class there is, found by inheritance and not by the catalogue."""
    found = {kind for each in base.__subclasses__() for kind in (each, *kinds(each))}
    ours = (kind for kind in found if kind.__module__.startswith("culture_connect.contracts."))
    return sorted(ours, key=lambda kind: (kind.__module__, kind.type))


def name_of(kind: type[Message]) -> str:
    """Returns the name of the class in the names of tests."""
    return f"{kind.__module__.rpartition('.')[2]} {kind.short_type}"


def golden_file(kind: type[Message]) -> Path:
    """Returns the file that freezes the wire format of the class."""
    return GOLDEN / kind.__module__.rpartition(".")[2] / f"{kind.type}.json"
