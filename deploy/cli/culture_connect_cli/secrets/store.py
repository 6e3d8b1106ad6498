"""The store of an installation's secrets, `vault/secrets.json`: the source of every other file in its folder."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

STORE_FOLDER: Final = "vault"


class SecretsError(Exception):
    """The store is missing or damaged; the text says why and quotes nothing of it."""


def secrets_file(folder: Path) -> Path:
    """The path of the store."""
    return folder / STORE_FOLDER / "secrets.json"


def read(folder: Path) -> dict[str, Any]:
    """All secrets. Raises SecretsError, and OSError when the file may not be read."""
    try:
        content = json.loads(secrets_file(folder).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    except ValueError:
        raise SecretsError(f"{secrets_file(folder)} is not JSON") from None
    if not isinstance(content, dict):
        raise SecretsError(f"{secrets_file(folder)} is not a JSON object")
    return content


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The store, locked for a change. Others wait; the lock of a process that dies is free again.

    Raises SecretsError when there is no store, and OSError when it may not be opened.
    """
    try:
        # The folder is locked, since every change replaces the file.
        lock = os.open(folder / STORE_FOLDER, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _missing(folder: Path) -> SecretsError:
    return SecretsError(
        f"there are no secrets in {folder}: `culture-connect up` makes those of a local stack, "
        "--folder names those of another installation"
    )
