"""The promises of the README are kept."""

import re
import subprocess
from pathlib import Path

import pytest

CLONE = Path(__file__).parents[2]
PAGES = [CLONE / "README.md", CLONE / "CONTRIBUTING.md", *sorted((CLONE / "docs").rglob("*.md"))]
PAGES += sorted(CLONE.glob("services/*/README.md"))

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(CLONE)))


@page
def test_every_make_command_of_a_page_is_a_target_that_make_help_lists(page: Path) -> None:
    commands = re.findall(r"^make ([a-z]+)|`make ([a-z]+)[^`]*`", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {first or second for first, second in commands} <= targets()


def test_the_readme_has_the_two_commands() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (CLONE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert [block.strip() for block in blocks] == ["make demo", "make test"]


@page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_folder_that_the_readme_lists_exists() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", (CLONE / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 5
    assert [row for row in rows if not list(CLONE.glob(row))] == []


def targets() -> set[str]:
    """Returns the targets that `make help` lists, without the one for the list itself."""
    answer = subprocess.run(["make", "--silent", "help"], cwd=CLONE, capture_output=True, text=True, check=True)
    return {line.split()[1] for line in answer.stdout.splitlines() if line.strip().startswith("make ")}
