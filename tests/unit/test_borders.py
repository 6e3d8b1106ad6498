"""The imports of the pure parts, where import-linter has no word for "these and no others"."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
SERVICES = ("registration", "ticketing", "notifications")


def imported(source: str) -> set[str]:
    """The absolute names that a module imports."""
    return set(_imported(ast.parse(source)))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def strangers(folder: Path, friends: tuple[str, ...]) -> set[str]:
    """Returns the imports of the folder's modules beside the standard library and friends."""
    names = set().union(*(imported(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")))
    return {
        name
        for name in names
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == friend or name.startswith(f"{friend}.") for friend in friends)
    }


@pytest.mark.parametrize("service", SERVICES)
def test_domain_code_imports_the_standard_library_and_contracts_only(service: str) -> None:
    folder = CLONE / "services" / service / service / "domain"
    assert strangers(folder, ("culture_connect.contracts", f"{service}.domain")) == set()


def test_contracts_import_pydantic_and_its_address_checker_and_nothing_else() -> None:
    folder = CLONE / "shared" / "culture_connect" / "contracts"
    assert strangers(folder, ("culture_connect.contracts", "pydantic", "pydantic_core", "email_validator")) == set()


def calls_of(source: str, method: str) -> list[int]:
    """The lines on which a module calls a method of this name."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == method]


@pytest.mark.parametrize(
    "package", [*(f"services/{name}/{name}/http" for name in SERVICES), "shared/culture_connect/http"]
)
def test_what_answers_reads_from_one_moment_or_changes_in_one_transaction(package: str) -> None:
    # `snapshot` for what is shown, `once` and `transact` for what is done: `begin` shows a moment per statement.
    files = sorted((CLONE / package).rglob("*.py"))
    assert files
    assert {file.name: lines for file in files if (lines := calls_of(file.read_text(encoding="utf-8"), "begin"))} == {}


def test_a_stranger_is_noticed_wherever_it_hides(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(
        "def decide():\n    from sqlalchemy.orm import Session\n    import httpx, json\n"
    )
    assert strangers(tmp_path, ("culture_connect.contracts",)) == {"sqlalchemy.orm", "httpx"}
