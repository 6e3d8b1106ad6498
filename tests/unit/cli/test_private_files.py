"""A private file has the new content as a whole, or keeps the old one."""

import stat
from pathlib import Path

import pytest

from culture_connect_cli.private_files import replace_file, replace_json


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    replace_file(file, "nieuw: één", mode=0o400)
    assert (file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)) == ("nieuw: één", 0o400)


def test_json_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    replace_json(file, {"a": 1})
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ('{\n  "a": 1\n}', 0o600)


def test_what_cannot_be_written_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(file, "\ud800")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])
