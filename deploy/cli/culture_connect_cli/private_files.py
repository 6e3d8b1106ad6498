"""Files for one user. Each is replaced as a whole, so a reader finds the old or the new content, also after a crash."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_READ_ONLY = 0o400


def replace_file(path: Path, content: bytes | str, *, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Writes the file with this mode for this user and group id (default: ours).

    Raises OSError and leaves the old content.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fchmod(descriptor, mode)
            created = os.fstat(descriptor)
            if owner is not None and owner != (created.st_uid, created.st_gid):
                os.fchown(descriptor, *owner)
            # Without this, a machine that loses its power may keep the new name with nothing in it.
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def replace_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON with mode 0600. Raises OSError."""
    replace_file(path, json.dumps(content, indent=2))


def write_secret(path: Path, content: str, owner: int) -> None:
    """Writes the file (mode 0400) for this user id, in a folder (mode 0700) of the same owner.

    Needs root for an owner other than ours. Raises OSError and leaves the old content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    ours = owner == os.geteuid()
    replace_file(path, content, mode=_READ_ONLY, owner=None if ours else (owner, owner))
    if not ours:
        os.chown(path.parent, owner, owner)


def rewrite_secret(path: Path, content: str) -> None:
    """Writes the file (mode 0400) for its present owner, or for its folder's owner when it is new.

    Raises OSError when it cannot be written, or belongs to another user and we are not root; the old content stays.
    """
    found = (path if path.exists() else path.parent).stat()
    replace_file(path, content, mode=_READ_ONLY, owner=(found.st_uid, found.st_gid))
    # The new name is on disk before the caller goes on: a revoked token stays revoked.
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
