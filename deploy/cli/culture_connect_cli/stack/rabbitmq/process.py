"""A private RabbitMQ node, run from the machine's `rabbitmq-server` package by any user.

It has its own node name, cookie, data, log and ports, listens on 127.0.0.1 only, and has its own epmd (Erlang's port
mapper): one that the node started by itself would outlive it, and the machine's own must not be touched.
"""

import secrets
import shutil
import subprocess
from pathlib import Path

import psutil

from culture_connect_cli.private_files import replace_file
from culture_connect_cli.stack.errors import InfrastructureMissingError
from culture_connect_cli.stack.ports import LOOPBACK, choose_ports, is_listening
from culture_connect_cli.stack.processes import (
    ProcessId,
    kill_tree,
    plain_environment,
    processes_in,
    spawn,
    terminate,
    wait_until_ready,
)
from culture_connect_cli.stack.rabbitmq.node import Node

PORTS = ("amqp", "amqps", "management", "prometheus", "distribution", "epmd")
_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_CONTROL = _SERVER.with_name("rabbitmqctl")
_LOOPBACK_DISTRIBUTION = "-kernel inet_dist_use_interface {127,0,0,1}"


class RabbitMQ(Node):
    """A node as a child process; arguments as of `Node`."""

    _epmd: subprocess.Popen[bytes] | None = None
    _child: subprocess.Popen[bytes] | None = None

    @property
    def processes(self) -> list[ProcessId]:
        """The node, then its port mapper, if they run."""
        return [ProcessId.of(each.pid) for each in (self._child, self._epmd) if each and each.poll() is None]

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts or restarts; returns when clients can connect. Raises StartTimeoutError."""
        if self.is_running:
            self.stop()
        for part in ("home", "data", "log"):
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._epmd is None or self._epmd.poll() is not None:
            terminate_orphan(self.folder)
            wanted = PORTS if self._tls else [name for name in PORTS if name != "amqps"]
            self.ports = choose_ports(wanted, self.ports)
            self._start_epmd()
        self._configure()
        has_data = any((self.folder / "data").iterdir())
        self._child = spawn([_SERVER], cwd=self.folder, env=self._environment(), log=self.log)
        wait_until_ready("RabbitMQ", self.is_ready, self._child, timeout=90, log=self.log)
        if has_data:
            self.elect_leaders()

    def stop(self) -> None:
        """Shuts the node down, then the port mapper."""
        for child in (self._child, self._epmd):
            if child is not None:
                if child.poll() is None:
                    terminate([psutil.Process(child.pid)], grace=30)
                child.wait()
        self._child = self._epmd = None

    def kill(self) -> None:
        """Sends SIGKILL to the Erlang machine, as a crash; the port mapper and the ports stay for the restart."""
        if self._child is not None:
            kill_tree(psutil.Process(self._child.pid))
            self._child.wait()
            self._child = None

    def evaluate(self, expression: str) -> str:
        """Evaluates an Erlang expression on the running node; returns the output with errors."""
        result = subprocess.run(  # noqa: S603 - the package's own tool, no shell
            [_CONTROL, "--node", f"{self.name}@localhost", "eval", expression],
            env=self._environment(),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return result.stdout

    def _start_epmd(self) -> None:
        port = self.ports["epmd"]
        epmd = shutil.which("epmd")
        if epmd is None:
            raise InfrastructureMissingError("Erlang's epmd is not on the PATH.")
        command = [epmd, "-port", str(port), "-address", LOOPBACK]
        self._epmd = spawn(command, cwd=self.folder, env=plain_environment(), log=self.log)
        wait_until_ready("epmd", lambda: is_listening(port), self._epmd, timeout=10, log=self.log)

    def _configure(self) -> None:
        log = "log.console = false\nlog.file.level = info\n"
        self.write_configuration(self.folder, self.ports, LOOPBACK, extra=log)
        (self.folder / "rabbitmq-env.conf").write_text("# Empty: the machine's own file is not for this node.\n")
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            replace_file(cookie, secrets.token_hex(16), mode=0o400)

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return plain_environment(
            HOME=str(folder / "home"),
            RABBITMQ_NODENAME=f"{self.name}@localhost",
            RABBITMQ_MNESIA_BASE=str(folder / "data"),
            RABBITMQ_LOG_BASE=str(folder / "log"),
            RABBITMQ_LOGS=str(self.log),
            RABBITMQ_CONFIG_FILE=str(folder / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(folder / "rabbitmq-env.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "enabled_plugins"),
            RABBITMQ_DIST_PORT=str(self.ports["distribution"]),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=f"{_LOOPBACK_DISTRIBUTION} {self.erlang_arguments}",
            ERL_EPMD_PORT=str(self.ports["epmd"]),
            ERL_EPMD_ADDRESS=LOOPBACK,
            # Otherwise a shell stays in between, whose process is not the node's.
            RUNNING_UNDER_SYSTEMD="true",
        )


def is_installed() -> bool:
    """True when the package is installed on this machine."""
    return _SERVER.exists() and shutil.which("erl") is not None and shutil.which("epmd") is not None


def terminate_orphan(folder: Path) -> None:
    """Terminates the node and port mapper that a killed run left in this folder."""
    terminate(processes_in(folder, {"beam.smp"}), grace=30)
    terminate(processes_in(folder, {"epmd"}))
