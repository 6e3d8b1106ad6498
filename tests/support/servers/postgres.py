"""A PostgreSQL in a container."""

import subprocess
import time
from pathlib import Path
from typing import Final

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import ExecWaitStrategy

from culture_connect_cli.stack.containers import LABEL, docker, end_reader, follow_log
from culture_connect_cli.stack.ports import LOOPBACK, free_port, is_listening
from culture_connect_cli.stack.postgres.server import SUPERUSER
from culture_connect_cli.stack.postgres.settings import INITDB_ARGUMENTS, server_settings
from culture_connect_cli.stack.servers import PrivatePostgres
from culture_connect_cli.urls import login_url

_INSIDE: Final = 5432
_PASSWORD_FILE: Final = "/run/culture-connect-password"
_READY: Final = 60  # seconds
_POLL: Final = 0.2

# Its helper, which removes containers of killed runs, is an image more; `scratch_folder` does the same by our label.
testcontainers_config.ryuk_disabled = True


class ContainerPostgres(PrivatePostgres):
    """A server whose data lives as long as the container, which belongs to `folder`; `remove` ends both.

    It does not wait for the disk.
    """

    def __init__(self, folder: Path, *, version: str, password: str, log: Path) -> None:
        self.password = password
        self.port = free_port()
        self._log = log
        self._log_reader: subprocess.Popen[bytes] | None = None
        arguments = [f"--{name}={value}" for name, value in server_settings(durable=False).items()]
        self._container = (
            DockerContainer(f"postgres:{version}")
            .with_command(["postgres", *arguments])
            .with_envs(
                POSTGRES_USER=SUPERUSER,
                POSTGRES_PASSWORD_FILE=_PASSWORD_FILE,
                POSTGRES_INITDB_ARGS=" ".join((*INITDB_ARGUMENTS, "--no-sync")),
            )
            # In the container alone; not in its description, as an environment would be.
            .with_copy_into_container(password.encode(), _PASSWORD_FILE, mode=0o444)
            .with_kwargs(labels={LABEL: str(folder.resolve())}, shm_size="256m")
        )
        publish(self._container, {_INSIDE: self.port})
        self._exists = False

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """postgresql://user:password@127.0.0.1:port/database; without user: the superuser."""
        password = self.password if password is None else password
        return login_url("postgresql", user or SUPERUSER, password, f"{LOOPBACK}:{self.port}", database)

    @property
    def is_running(self) -> bool:
        return self._exists and is_listening(self.port)

    def start(self) -> None:
        """Makes the container at the first start, restarts it later; returns when clients can connect."""
        began = time.time()
        if self._exists:
            docker("start", self._container.get_container_id())
        else:
            self._container.start()
            self._exists = True
        self._log_reader = follow_log(self._container.get_container_id(), self._log, since=began)
        # Over TCP: the server that the image runs while it makes the database listens on its socket alone.
        ready = ExecWaitStrategy(["pg_isready", "--host=127.0.0.1", f"--username={SUPERUSER}"])
        ready.with_startup_timeout(_READY).with_poll_interval(_POLL).wait_until_ready(self._container)

    def stop(self) -> None:
        """Shuts the server down; the container stays, with its data."""
        if self._exists:
            docker("stop", "--time=20", self._container.get_container_id(), check=False)
        self._end_log()

    def kill(self) -> None:
        """Sends SIGKILL to every process of the server, as a crash."""
        if self._exists:
            docker("kill", self._container.get_container_id(), check=False)
        self._end_log()

    def remove(self) -> None:
        """Ends the server and removes the container with its data."""
        self._container.stop()
        self._exists = False
        self._end_log()

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _end_log(self) -> None:
        if self._log_reader is not None:
            end_reader(self._log_reader)
            self._log_reader = None


def publish(container: DockerContainer, ports: dict[int, int]) -> None:
    """Publishes ports of the container (the keys) on these of this machine, on loopback only."""
    for inside, port in ports.items():
        # The library passes the pair on to the engine, which takes it; its own methods know no address.
        container.ports[f"{inside}/tcp"] = (LOOPBACK, port)  # type: ignore[assignment]
