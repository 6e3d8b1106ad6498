"""The published documents of the bus are those that the code gives."""

from pathlib import Path

import pytest

from culture_connect.contracts.docs.__main__ import main, stale

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_catalogue_and_schemas_are_current() -> None:
    assert stale(DOCS) == [], "run: make events"


def test_a_check_fails_until_the_documents_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(tmp_path)]

    assert main(["--check", *folder]) == 1
    assert main(folder) == 0
    assert main(["--check", *folder]) == 0
    assert "events.md" in capsys.readouterr().out


def test_what_is_out_of_date_is_found_and_mended(tmp_path: Path) -> None:
    main(["--folder", str(tmp_path)])
    page, forgotten = tmp_path / "events.md", tmp_path / "schemas" / "core" / "forgotten.json"
    page.write_text("something else")
    forgotten.write_text("{}")

    assert stale(tmp_path) == ["events.md", "schemas/core/forgotten.json"]
    main(["--folder", str(tmp_path)])
    assert stale(tmp_path) == []
