"""A private RabbitMQ node, run from the machine's `rabbitmq-server` package by any user.

It has a node name, cookie, data, log and ports of its own, listens on 127.0.0.1 only, and brings its own
epmd (Erlang's port mapper): one that the node started by itself would outlive it, and a machine's own is
none of our business.
"""

import secrets
import shutil
import subprocess
from pathlib import Path

import psutil

from culture_connect_cli.stack.errors import InfrastructureMissingError, StackError
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
from culture_connect_cli.stack.rabbitmq.node import Node, write_secret

PORTS = ("amqp", "amqps", "management", "prometheus", "distribution", "epmd")
_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_CONTROL = _SERVER.with_name("rabbitmqctl")
_ELECTION = (
    "[catch ra:trigger_election(amqqueue:get_pid(Q)) "
    "|| Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue], ok."
)
_LOOPBACK_DISTRIBUTION = "-kernel inet_dist_use_interface {127,0,0,1}"


class RabbitMQ(Node):
    """A node as a child process; see `Node` for the arguments."""

    _epmd: subprocess.Popen[bytes] | None = None
    _child: subprocess.Popen[bytes] | None = None

    @property
    def processes(self) -> list[ProcessId]:
        """The node first, then its port mapper, as far as they run."""
        return [ProcessId.of(each.pid) for each in (self._child, self._epmd) if each and each.poll() is None]

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts or starts again; returns when clients can connect. Raises StartTimeoutError."""
        if self.is_running:
            self.stop()
        for part in ("home", "data", "log"):
            (self.folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._epmd is None or self._epmd.poll() is not None:
            end_leftover(self.folder)
            wanted = PORTS if self._tls else [name for name in PORTS if name != "amqps"]
            self.ports = keep_or_choose(wanted, self.ports)
            self._start_epmd()
        self._configure()
        has_data = any((self.folder / "data").iterdir())
        self._child = spawn([_SERVER], cwd=self.folder, env=self._environment(), log=self.log)
        wait_until_ready("RabbitMQ", self.is_ready, self._child, timeout=90, log=self.log)
        if has_data:
            self._elect_leaders()

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

    def _elect_leaders(self) -> None:
        """Has every quorum queue choose its leader now.

        RabbitMQ 3.10 writes down a new queue some three seconds after it was made. One that a crash came before is
        empty afterwards, and would wait for a leader for ever.
        """
        self.evaluate(_ELECTION)

    def evaluate(self, expression: str) -> str:
        """Has the running node evaluate an Erlang expression; returns what was printed, errors too."""
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

    def renew_certificate(self) -> None:
        """Takes the certificate's files anew while the node runs: the next connection sees them. Raises StackError."""
        if self._tls is None:
            raise StackError("this node has no certificate")
        self._copy_certificate(self._tls)
        if (answer := self.evaluate("ssl:clear_pem_cache().")).strip() != "ok":
            raise StackError(f"the broker did not take its certificate anew: {answer.strip()[:200]}")

    def _start_epmd(self) -> None:
        port = self.ports["epmd"]
        epmd = shutil.which("epmd")
        if epmd is None:
            raise InfrastructureMissingError("Erlang's epmd is not on the PATH.")
        command = [epmd, "-port", str(port), "-address", LOOPBACK]
        self._epmd = spawn(command, cwd=self.folder, env=plain_environment(), log=self.log)
        wait_until_ready("epmd", lambda: answers(port), self._epmd, timeout=10, log=self.log)

    def _configure(self) -> None:
        log = "log.console = false\nlog.file.level = info\n"
        self.write_configuration(self.folder, self.ports, LOOPBACK, extra=log)
        (self.folder / "rabbitmq-env.conf").write_text("# Nothing: the machine's own file is not for this node.\n")
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            write_secret(cookie, secrets.token_hex(16))
            cookie.chmod(0o400)

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
            # Otherwise a shell stays in between, and its process is not the node's.
            RUNNING_UNDER_SYSTEMD="true",
        )


def is_installed() -> bool:
    """Whether the machine has the package this needs."""
    return _SERVER.exists() and shutil.which("erl") is not None and shutil.which("epmd") is not None


def end_leftover(folder: Path) -> None:
    """Ends a node and a port mapper that a killed run left behind in this folder."""
    end(processes_in(folder, {"beam.smp"}), grace=30)
    end(processes_in(folder, {"epmd"}))
