"""A private RabbitMQ node, run from the machine's `rabbitmq-server` package by any user.

It has a node name, cookie, data, log and ports of its own, listens on 127.0.0.1 only, and brings its own
epmd (Erlang's port mapper): one that the node started by itself would outlive it, and a machine's own is
none of our business.
"""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import psutil

from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    MAX_MESSAGE_BYTES,
    Topology,
    User,
    definitions_of,
    password_hash,
)
from culture_connect_cli.stack.errors import InfrastructureMissingError
from culture_connect_cli.stack.ports import LOOPBACK, answers, keep_or_choose
from culture_connect_cli.stack.processes import (
    ProcessId,
    end,
    kill_family,
    plain_environment,
    processes_in,
    spawn,
    wait_until_ready,
)

PORTS = ("amqp", "management", "prometheus", "distribution", "epmd")
_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"

_CONFIGURATION = """\
# Written at every start by culture-connect.
listeners.tcp.1 = {address}:{amqp}
management.tcp.ip = {address}
management.tcp.port = {management}
prometheus.tcp.ip = {address}
prometheus.tcp.port = {prometheus}
load_definitions = {folder}/definitions.json
max_message_size = {max_message_bytes}
vm_memory_high_watermark.relative = 0.3
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = 67108864
collect_statistics_interval = {statistics_interval}
log.console = false
log.file.level = info
"""


class RabbitMQ:
    """One node with everything it writes in `folder`, usable as a context manager.

    `definitions` (RabbitMQ's JSON format) are loaded at every start, together with the account
    `administrator` and its `password`. `ports` may name the ports of PORTS; taken or missing ones are chosen.
    `statistics_interval` (milliseconds) is how often the management API counts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        log: Path,
        definitions: Mapping[str, Any] | None = None,
        ports: Mapping[str, int] | None = None,
        statistics_interval: int = 5000,
    ) -> None:
        self.folder = folder
        self.password = password
        self.ports: dict[str, int] = dict(ports or {})
        self.node = f"culture-connect-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:10]}@localhost"
        self._definitions = definitions or {}
        self._statistics_interval = statistics_interval
        self._log = log
        self._epmd: subprocess.Popen[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def processes(self) -> list[ProcessId]:
        """The node and its port mapper, as far as they run."""
        return [ProcessId.of(each.pid) for each in (self._child, self._epmd) if each and each.poll() is None]

    @property
    def management_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['management']}"

    def url(self, user: str = ADMINISTRATOR, password: str | None = None, *, vhost: str = "/") -> str:
        """amqp://user:password@127.0.0.1:port/vhost; the administrator's password is known."""
        secret = self.password if password is None else password
        return f"amqp://{quote(user)}:{quote(secret, safe='')}@{LOOPBACK}:{self.ports['amqp']}/{quote(vhost, safe='')}"

    def start(self) -> None:
        """Starts or starts again; returns when clients can connect. Raises StartTimeoutError."""
        for part in ("home", "data", "log"):
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._epmd is None or self._epmd.poll() is not None:
            end_leftover(self.folder)
            self.ports = keep_or_choose(PORTS, self.ports)
            self._start_epmd()
        self._configure()
        self._child = spawn([_SERVER], cwd=self.folder, env=self._environment(), log=self._log)
        wait_until_ready("RabbitMQ", self._is_ready, self._child, timeout=90, log=self._log)

    def stop(self) -> None:
        """Lets the node close its queues; then ends the port mapper."""
        for child in (self._child, self._epmd):
            if child is not None:
                if child.poll() is None:
                    end([psutil.Process(child.pid)], grace=30)
                child.wait()
        self._child = self._epmd = None

    def kill(self) -> None:
        """SIGKILL to the Erlang machine, as a crash; the port mapper and the ports stay for the restart."""
        if self._child is not None:
            kill_family(psutil.Process(self._child.pid))
            self._child.wait()
            self._child = None

    def restart(self) -> None:
        """Starts again on the same ports, after `kill` or `stop` or while it runs."""
        self.stop()
        self.start()

    def _start_epmd(self) -> None:
        port = self.ports["epmd"]
        epmd = shutil.which("epmd")
        if epmd is None:
            raise InfrastructureMissingError("Erlang's epmd is not on the PATH.")
        self._epmd = spawn(
            [epmd, "-port", str(port), "-address", LOOPBACK],
            cwd=self.folder,
            env=plain_environment(),
            log=self._log,
        )
        wait_until_ready("epmd", lambda: answers(port), self._epmd, timeout=10, log=self._log)

    def _configure(self) -> None:
        text = _CONFIGURATION.format(
            address=LOOPBACK,
            folder=self.folder,
            max_message_bytes=MAX_MESSAGE_BYTES,
            statistics_interval=self._statistics_interval,
            **self.ports,
        )
        (self.folder / "rabbitmq.conf").write_text(text)
        (self.folder / "rabbitmq-env.conf").write_text("# Nothing: the machine's own file is not for this node.\n")
        (self.folder / "enabled_plugins").write_text(_PLUGINS)
        _write_secret(self.folder / "definitions.json", json.dumps(self._complete_definitions(), indent=1))
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            _write_secret(cookie, secrets.token_hex(16))
            cookie.chmod(0o400)

    def _complete_definitions(self) -> dict[str, Any]:
        account = Topology(users=(User(ADMINISTRATOR, ("administrator",)),))
        own = definitions_of(account, {ADMINISTRATOR: password_hash(self.password)})
        own["vhosts"] = [{"name": "/"}]
        own["permissions"] = [{"user": ADMINISTRATOR, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}]
        given = {**self._definitions}
        given["users"] = [user for user in given.get("users", []) if user["name"] != ADMINISTRATOR]
        return own | {part: [*own.get(part, []), *rows] for part, rows in given.items() if isinstance(rows, list)}

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return plain_environment(
            HOME=str(folder / "home"),
            RABBITMQ_NODENAME=self.node,
            RABBITMQ_MNESIA_BASE=str(folder / "data"),
            RABBITMQ_LOG_BASE=str(folder / "log"),
            RABBITMQ_LOGS=str(self._log),
            RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(folder / "rabbitmq-env.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "enabled_plugins"),
            RABBITMQ_DIST_PORT=str(self.ports["distribution"]),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
            ERL_EPMD_PORT=str(self.ports["epmd"]),
            ERL_EPMD_ADDRESS=LOOPBACK,
            # Otherwise a shell stays in between, and its process is not the node's.
            RUNNING_UNDER_SYSTEMD="true",
        )

    def _is_ready(self) -> bool:
        # Client listeners are opened last: definitions are loaded, plugins run.
        if not answers(self.ports["amqp"]):
            return False
        try:
            answer = httpx.get(f"{self.management_url}/api/overview", auth=(ADMINISTRATOR, self.password), timeout=5)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


def is_installed() -> bool:
    """Whether the machine has the package this needs."""
    return _SERVER.exists() and shutil.which("erl") is not None and shutil.which("epmd") is not None


def end_leftover(folder: Path) -> None:
    """Ends a node and a port mapper that a killed run left behind in this folder."""
    end(processes_in(folder, {"beam.smp"}), grace=30)
    end(processes_in(folder, {"epmd"}))


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
