"""The services acknowledge what they have settled and give nothing back: the broker would drop what a party sent."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").glob("*/*/**/*.py")])
GIVING_BACK = {"basic_reject", "basic_nack", "basic_recover", "nack"}


def _given_back(source: str) -> list[str]:
    """Returns the calls that would give a message up to the broker, or let FastStream do so."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in GIVING_BACK:
            found.append(node.func.attr)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "AckPolicy":
            found += [node.attr] if node.attr != "MANUAL" else []
    return found


def test_no_service_rejects_a_message() -> None:
    assert len(SOURCES) > 100
    assert {str(path): found for path in SOURCES if (found := _given_back(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize("code", ["channel.basic_reject(7)", "message.nack()", "policy = AckPolicy.REJECT_ON_ERROR"])
def test_a_rejection_would_be_seen(code: str) -> None:
    assert _given_back(code)
