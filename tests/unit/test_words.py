"""The check of words finds what does not belong, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.check.words import BANNED, check, words_of
from tests.recipes.recipe import CLONE


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("def bury(row): ...\n", "bury"),
        ("class SeatWishes: ...\n", "wishes"),
        ("FADE_AFTER = 3\n", "fade"),
        ("def plan(stillborn=None): ...\n", "stillborn"),
        ("async def go(self):\n    self.patience = 3\n", "patience"),
    ],
)
def test_a_name_with_a_banned_word_is_found_with_the_usual_one(source: str, word: str) -> None:
    [finding] = check("services/x/x/store/rows.py", source)
    assert f"has {word!r} in it; usual is {BANNED[word]}" in finding.text


@pytest.mark.parametrize("path", ["services/x/x/settling.py", "services/x/x/sending/mail.py", "shared/x/moving.py"])
def test_a_module_or_folder_named_by_a_gerund_is_found(path: str) -> None:
    assert any("is a gerund" in finding.text for finding in check(path, ""))


@pytest.mark.parametrize("opening", ["What a partner holds.", "Who left.", "Whether it fits.", "How many there are."])
def test_a_docstring_that_opens_with_a_relative_clause_is_found(opening: str) -> None:
    for source in (f'"""{opening}"""\n', f'def f():\n    """{opening}"""\n', f'class C:\n    """{opening}"""\n'):
        [finding] = check("shared/x/y.py", source)
        assert "its subject or verb comes first" in finding.text


def test_usual_words_tests_and_strings_pass() -> None:
    source = (
        '"""Holds seats."""\n\n\ndef test_a_wish_of_the_house_is_heard():\n    return "fade stray"\n\n\nWhatsApp = 1\n'
    )
    assert check("services/ticketing/ticketing/use_cases/allocate.py", source) == []
    assert check("shared/culture_connect/messaging/batching.py", source) == []


def test_names_are_taken_apart_at_underscores_and_capitals() -> None:
    assert words_of("HTTPServer_of2Names") == ["http", "server", "of", "2", "names"]


def test_the_command_ends_with_1_and_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.py"
    file.write_text('"""Rows."""\n\n\ndef bury() -> None: ...\n')
    command = [sys.executable, "deploy/check/words.py", str(tmp_path)]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{file}:4: 'bury' has 'bury' in it" in done.stdout
