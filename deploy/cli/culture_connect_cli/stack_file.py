"""`stack.json`: the description of the local stack, for commands, tools and tests."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from culture_connect_cli.private_files import replace_json


class Account(Protocol):
    """The part of an account's credentials that the description keeps."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...

    @property
    def vhost(self) -> str: ...


def stack_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the local stack: CULTURE_CONNECT_HOME, else `.local` in the working folder."""
    return Path(environment.get("CULTURE_CONNECT_HOME") or ".local")


def stack_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The path of the description."""
    return stack_folder(environment) / "stack.json"


def read_stack(path: Path) -> dict[str, Any]:
    """The description. Raises FileNotFoundError when there is no local stack, OSError, ValueError."""
    stack: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return stack


def record_account(path: Path, account: Account) -> None:
    """Adds an account, or its new password. Raises FileNotFoundError when there is no such stack."""
    with _update(path) as stack:
        kept = {"username": account.username, "password": account.password, "vhost": account.vhost}
        stack.setdefault("accounts", {})[account.username] = kept


def forget_account(path: Path, username: str) -> None:
    """Removes an account. Raises FileNotFoundError when there is no such stack."""
    with _update(path) as stack:
        stack.get("accounts", {}).pop(username, None)


@contextmanager
def _update(path: Path) -> Iterator[dict[str, Any]]:
    """The description, written back at the end. Concurrent writers wait for each other."""
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stack = read_stack(path)
        yield stack
        replace_json(path, stack)
