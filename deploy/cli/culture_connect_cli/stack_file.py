"""The accounts in the description of a local stack, for tools and tests that find them there."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from culture_connect_cli.accounts.onboarding import Credentials


def record(stack_file: Path, credentials: Credentials) -> None:
    """Adds the account, or its new password. Raises FileNotFoundError when there is no such stack."""
    with _changing(stack_file) as stack:
        stack.setdefault("accounts", {})[credentials.username] = {
            "username": credentials.username,
            "password": credentials.password,
            "vhost": credentials.vhost,
        }


def forget(stack_file: Path, account: str) -> None:
    """Takes the account out. Raises FileNotFoundError when there is no such stack."""
    with _changing(stack_file) as stack:
        stack.get("accounts", {}).pop(account, None)


@contextmanager
def _changing(stack_file: Path) -> Iterator[dict[str, Any]]:
    """The description, written back whole: a reader sees the old or the new one. Two writers wait for each other."""
    with stack_file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stack = json.loads(stack_file.read_text(encoding="utf-8"))
        yield stack
        # mkstemp makes the file with mode 0600.
        descriptor, name = tempfile.mkstemp(dir=stack_file.parent, prefix=".stack-", suffix=".json")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(stack, file, indent=2)
            Path(name).replace(stack_file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
