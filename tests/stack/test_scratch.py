"""The next test run removes the temporary folder of a killed one."""

import subprocess
import sys
from pathlib import Path

import psutil

from culture_connect_cli.stack.scratch import scratch_folder

KILLED_RUN = """
import os, signal, subprocess, sys
from pathlib import Path
from culture_connect_cli.stack.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    server = subprocess.Popen(["sleep", "600"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(folder, server.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_is_cleaned_up_by_the_next_one_of_the_same_clone(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(tmp_path)], capture_output=True, text=True, check=False
    )
    folder, server = killed.stdout.split()
    assert Path(folder).exists()
    assert _runs(int(server))
    with scratch_folder(tmp_path):
        assert not Path(folder).exists()
        assert not _runs(int(server))


def test_a_run_that_still_works_is_left_alone(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as first:
        with scratch_folder(tmp_path) as second:
            assert first != second
            assert first.exists()
        assert first.exists()
    assert not first.exists()


def _runs(pid: int) -> bool:
    try:
        # A zombie has ended, and waits for the system's first process to notice.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
