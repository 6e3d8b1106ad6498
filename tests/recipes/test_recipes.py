"""The recipes of CONTRIBUTING.md work as they are written."""

from pathlib import Path

import pytest

from tests.recipes.recipe import CLONE, Command, Edit, copy_tree, recipes

RECIPES = recipes((CLONE / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_there_is_a_recipe_for_an_event_a_letter_an_evening_rule_and_a_service() -> None:
    assert list(RECIPES) == ["Add an event", "Add a letter", "Add an evening rule", "Add a service"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_carried_out_on_a_copy_of_the_tree_gives_what_it_promises(title: str, tmp_path: Path) -> None:
    copy_tree(tmp_path)
    for step in RECIPES[title]:
        match step:
            case Edit():
                step.apply(tmp_path)
            case Command():
                step.run(tmp_path)


def test_a_step_whose_line_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("one\ntwo\ntwo\n")
    for line, times in (("three", 0), ("two", 2)):
        with pytest.raises(AssertionError, match=f"has {times} lines"):
            Edit("after", "x.py", "new\n", line).apply(tmp_path)


def test_a_command_that_fails_shows_its_output(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no such thing"):
        Command((".venv/bin/python", "-c", "raise SystemExit('no such thing')")).run(tmp_path)
