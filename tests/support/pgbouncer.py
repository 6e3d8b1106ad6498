"""A real pgbouncer in transaction mode: every transaction gets whichever session of the server is free."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from culture_connect_cli.stack.ports import LOOPBACK, free_port, is_listening
from culture_connect_cli.stack.postgres.root import server_account
from culture_connect_cli.stack.processes import plain_environment, spawn, wait_until_ready
from culture_connect_cli.stack.rabbitmq.node import Tls
from tests.support.databases import PASSWORDS

SESSIONS = 2  # of the server for each role: few, so that transactions of one client meet those of another

_PROGRAM = Path("/usr/sbin/pgbouncer")
_SETTINGS = """\
[databases]
* = host={address} port={server}
[pgbouncer]
listen_addr = {address}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {sessions}
"""


_TLS = """\
client_tls_sslmode = require
client_tls_cert_file = {certificate}
client_tls_key_file = {key}
"""


@contextmanager
def running_pgbouncer(folder: Path, server_url: str, *, tls: Tls | None = None) -> Iterator[int]:
    """Runs one in front of the server of the URL, for the roles of the services; gives its port.

    With `tls`, files in the same folder, it takes nobody in clear.
    """
    ensure_installed()
    port = free_port()
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text("".join(f'"{role}" "{password}"\n' for role, password in PASSWORDS.items()))
    server = make_url(server_url).port
    settings.write_text(_SETTINGS.format(address=LOOPBACK, server=server, port=port, users=users, sessions=SESSIONS))
    if tls:
        with settings.open("a") as file:
            file.write(_TLS.format(certificate=tls.certificate, key=tls.key))
    # It refuses root as PostgreSQL does.
    account = server_account()
    if account:
        for path in (folder, users, settings, *((tls.certificate, tls.key) if tls else ())):
            os.chown(path, account.uid, account.gid)
    log = folder / "log"
    process = spawn([_PROGRAM, settings], cwd=folder, env=plain_environment(), log=log, account=account)
    try:
        wait_until_ready("pgbouncer", lambda: is_listening(port), process, timeout=10, log=log)
        yield port
    finally:
        process.kill()
        process.wait()


def ensure_installed() -> None:
    """Installs Debian's package where it is missing and we may; AssertionError naming it when it stays missing."""
    if not _PROGRAM.exists() and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        # The package's own service stays down.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
        for command in (["update"], ["install", "--no-install-recommends", "pgbouncer"]):
            subprocess.run([*apt, *command], env=environment, capture_output=True, check=False, timeout=600)
    assert _PROGRAM.exists(), "pgbouncer is not on this machine: install Debian's package pgbouncer"
