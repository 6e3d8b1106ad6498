"""The picture of the way from an enrolment to a letter is true."""

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

from culture_connect.contracts import CATALOGUE

CLONE = Path(__file__).parents[2]
PICTURE = CLONE / "docs" / "way.svg"
ROOTS = ("shared/", *(f"{folder.relative_to(CLONE)}/" for folder in (CLONE / "services").iterdir()))


def files() -> dict[str, Path]:
    """Returns the files that the picture links to, by the ids of their boxes."""
    return {box.attrib["id"]: (PICTURE.parent / box.attrib["href"]).resolve() for box in boxes()}


def boxes() -> list[ElementTree.Element]:
    """Returns the boxes of the picture."""
    return ElementTree.parse(PICTURE).findall(".//{http://www.w3.org/2000/svg}a")  # noqa: S314  # our own file


def module_of(file: Path) -> str:
    """Returns the dotted name of a module."""
    path = file.relative_to(CLONE).as_posix()
    root = next(root for root in ROOTS if path.startswith(root))
    return path.removeprefix(root).removesuffix(".py").replace("/", ".")


def imported(file: Path) -> set[str]:
    """Returns all that a module imports, modules and names of modules."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_file_of_the_way_is_there_and_written_on_its_box() -> None:
    for box in boxes():
        file = files()[box.attrib["id"]]
        assert file.is_file(), file
        assert file.as_posix().endswith(f"/{''.join(box.itertext()).partition('.py')[0].strip()}.py")


def test_every_file_of_the_way_is_imported_by_the_one_it_hangs_below() -> None:
    below = [(box.attrib["data-called-by"], box.attrib["id"]) for box in boxes() if "data-called-by" in box.attrib]
    assert len(below) > 15
    for caller, called in below:
        assert module_of(files()[called]) in imported(files()[caller]), (caller, called)


def test_each_service_of_the_way_hears_what_the_one_before_it_publishes() -> None:
    way = (("hr.<partner>", "EnrolmentRequested", "r1"), ("registration", "ParticipantEnrolled", "t1"))
    for publisher, event, handler in (*way, ("ticketing", "TicketIssued", "n1")):
        assert any(each.publisher == publisher and each.model.__name__ == event for each in CATALOGUE)
        assert f"culture_connect.contracts.{event}" in imported(files()[handler])


def test_the_way_is_no_longer_than_thirty_files() -> None:
    assert len(set(files().values())) <= 30


def test_the_architecture_page_shows_the_way() -> None:
    page = (CLONE / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert re.search(r"!\[[^]]+\]\(way\.svg\)", page)
