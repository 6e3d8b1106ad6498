"""Tests that share servers run in one process: versions of pytest and pytest-xdist must understand each other."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("{group}")
def test_one(number, worker_id):
    Path("{group}-" + str(number)).write_text(worker_id)
"""


@pytest.mark.timeout(120)
def test_the_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    for group in ("a", "b"):
        (tmp_path / f"test_{group}.py").write_text(TESTS.replace("{group}", group))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "--numprocesses=2", "--dist=loadgroup"]
    subprocess.run([*command, "--rootdir=."], cwd=tmp_path, check=True, capture_output=True, timeout=100)
    workers = {group: [file.read_text() for file in sorted(tmp_path.glob(f"{group}-*"))] for group in ("a", "b")}
    assert {group: (len(names), len(set(names))) for group, names in workers.items()} == {"a": (6, 1), "b": (6, 1)}
