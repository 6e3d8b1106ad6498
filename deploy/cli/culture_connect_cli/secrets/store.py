"""`vault/secrets.json` in a folder of secrets: the only source of every other file there."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

VAULT: Final = "vault"


class VaultError(Exception):
    """There is no vault, or it cannot be used; the text says why and quotes nothing of it."""


def vault_file(folder: Path) -> Path:
    """The vault of a folder of secrets."""
    return folder / VAULT / "secrets.json"


def read(folder: Path) -> dict[str, Any]:
    """All secrets of the folder. Raises VaultError, and OSError when it may not be read."""
    try:
        content = json.loads(vault_file(folder).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    except ValueError:
        raise VaultError(f"{vault_file(folder)} is not JSON") from None
    if not isinstance(content, dict):
        raise VaultError(f"{vault_file(folder)} is not a JSON object")
    return content


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time reads the vault to change it; others wait, and the lock of a process that dies is free again.

    Raises VaultError when there is no vault, and OSError when it may not be opened.
    """
    try:
        # The folder itself is what is locked: the file is another one after each change.
        lock = os.open(folder / VAULT, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _missing(folder: Path) -> VaultError:
    return VaultError(
        f"there are no secrets in {folder}: `culture-connect up` makes those of a local stack, "
        "--folder names those of another installation"
    )
