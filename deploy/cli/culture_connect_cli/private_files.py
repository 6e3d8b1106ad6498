"""Files that one user alone may read, written whole: a reader, also after a crash, finds the old or the new content."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, content: str, owner: int) -> None:
    """Writes the file for this user id, with a folder of the same owner around it; another than ours takes root.

    The file gets mode 0400, the folder 0700. Raises OSError, and leaves what was there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    ours = owner == os.geteuid()
    _replace(path, content, None if ours else (owner, owner))
    if not ours:
        os.chown(path.parent, owner, owner)


def rewrite(path: Path, content: str) -> None:
    """Writes the file for whom it belonged to before, or its folder when it is new; mode 0400.

    Raises OSError when it cannot be written or, without being root, is another's; then what was there stays.
    """
    found = (path if path.exists() else path.parent).stat()
    _replace(path, content, (found.st_uid, found.st_gid))
    # Only now does the machine remember the new file whatever happens to it: a revoked token stays revoked.
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _replace(path: Path, content: str, owner: tuple[int, int] | None) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, 0o400)
            made = os.fstat(descriptor)
            if owner is not None and owner != (made.st_uid, made.st_gid):
                os.fchown(descriptor, *owner)
            # Without this, a machine that loses its power may keep the new name with nothing in it.
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
