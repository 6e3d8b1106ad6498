"""PostgreSQL for root: it refuses to run as root, so it runs as another user in a folder that this user can reach."""

import hashlib
import os
import pwd
import shutil
from pathlib import Path

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.postgres.orphans import terminate_orphan
from culture_connect_cli.stack.processes import Account


def server_account() -> Account | None:
    """The user who runs the server, None for ourselves; root runs it as `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def root_data_folder(home: Path) -> Path:
    """A folder outside the clone for root's PostgreSQL: below /var/lib/culture-connect/<hash of home>.

    The clone may be below a folder that only root can enter, whose permissions must not change.
    """
    return Path("/var/lib/culture-connect") / hashlib.sha256(str(home).encode()).hexdigest()[:12] / "postgres"


def claim_root_data_folder(folder: Path, token: str) -> None:
    """Prepares the folder for the home folder with this token. The data of a deleted home folder, whose passwords are
    lost, is removed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for parent in (folder.parent.parent, folder.parent):
        parent.chmod(0o755)
    mark = hashlib.sha256(token.encode()).hexdigest()
    owner = folder.parent / "owner"
    if not owner.exists() or owner.read_text() != mark:
        terminate_orphan(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)
        owner.write_text(mark)
