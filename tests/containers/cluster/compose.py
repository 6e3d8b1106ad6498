"""The containers of the cluster: brokers and databases that can be stopped, killed, paused, cut off and promoted."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from culture_connect_cli.stack.ports import choose_ports

CLONE: Final = Path(__file__).parent.parent.parent.parent
FILE: Final = Path(__file__).parent / "docker-compose.yml"
PROMOTE: Final = CLONE / "deploy" / "cluster" / "promote"
BROKERS: Final = ("rabbitmq", "rabbitmq-2", "rabbitmq-3")
DATABASES: Final = ("postgres", "postgres-2", "postgres-3")
_DATABASE_NETWORKS: Final = ("data", "front")
_PORTS: Final = tuple(f"{name}_PORT" for name in ("AMQP", "AMQPS", "CONSOLE", "POSTGRES"))
_SERVICES: Final = ("REGISTRATION", "TICKETING", "NOTIFICATIONS", "TICKETING_PUBLIC", "NOTIFICATIONS_PUBLIC")
_OTHER_PORTS: Final = tuple(f"{name}_PORT" for name in _SERVICES)
_UP: Final = 240.0  # seconds
_COMMAND: Final = 60.0  # seconds
_PROMOTION: Final = 90.0  # seconds


class ClusterError(Exception):
    """A command to the engine failed; the text has what it printed."""


class Cluster:
    """The containers of one project, on ports of their own."""

    def __init__(self, project: str, ports: Mapping[str, int]) -> None:
        self._project = project
        self._ports = ports

    @property
    def amqp_ports(self) -> dict[str, int]:
        """The port of each broker on this machine."""
        return self._ports_of("AMQP_PORT", BROKERS)

    @property
    def console_ports(self) -> dict[str, int]:
        """The port of each broker's management API on this machine."""
        return self._ports_of("CONSOLE_PORT", BROKERS)

    @property
    def database_ports(self) -> dict[str, int]:
        """The port of each database on this machine."""
        return self._ports_of("POSTGRES_PORT", DATABASES)

    async def compose(self, *arguments: str, timeout: float = _COMMAND) -> str:  # noqa: ASYNC109
        """Returns what `docker compose` prints. Raises ClusterError."""
        return await self._run("docker", "compose", "--file", str(FILE), *arguments, timeout=timeout)

    async def docker(self, command: str, name: str, *arguments: str) -> str:
        """Returns what a command of docker prints about the container of this server. Raises ClusterError."""
        return await self._run("docker", command, *arguments, self.container(name))

    async def inside(self, name: str, *command: str, timeout: float = _COMMAND) -> str:  # noqa: ASYNC109
        """Returns what a command prints in the container. Raises ClusterError."""
        return await self._run("docker", "exec", self.container(name), *command, timeout=timeout)

    async def secret(self, path: str) -> str:
        """The content of a file of the installation's secrets."""
        command = ("run", "--rm", "--no-deps", "--entrypoint", "cat", "secrets", f"/secrets/{path}")
        return (await self.compose(*command)).strip()

    async def tools(self, *arguments: str) -> str:
        """Returns what the `culture-connect` command of the installation prints. Raises ClusterError when it fails."""
        return await self.compose("run", "--rm", "--no-deps", "tools", *arguments, timeout=_PROMOTION)

    async def query(self, name: str, statement: str, *, timeout: float = _COMMAND) -> str:  # noqa: ASYNC109
        """Returns what the superuser is answered in the services' database of this server. Raises ClusterError."""
        command = ("psql", "-U", "postgres", "-d", "culture_connect", "-Atqc", statement)
        return (await self.inside(name, *command, timeout=timeout)).strip()

    async def health(self, name: str) -> str:
        """The engine's word for it."""
        return (await self.docker("inspect", name, "--format", "{{.State.Health.Status}}")).strip()

    async def promote(self) -> str:
        """Has the script promote a standby; returns the new primary. Raises ClusterError."""
        return (await self._run(str(PROMOTE), timeout=_PROMOTION)).strip()

    async def primary(self) -> str:
        """The database that takes writes. Raises ClusterError when none does."""
        for name in DATABASES:
            with contextlib.suppress(ClusterError):
                question = ("psql", "-U", "postgres", "-Atc", "select pg_is_in_recovery()")
                if (await self.inside(name, *question)).strip() == "f":
                    return name
        raise ClusterError("no database takes writes")

    async def followers(self, primary: str) -> set[str]:
        """The databases that have every change of the primary at once."""
        question = "select application_name from pg_stat_replication where state = 'streaming'"
        return set((await self.inside(primary, "psql", "-U", "postgres", "-Atc", question)).split())

    async def cut_off(self, name: str) -> None:
        """Drops every packet between this node and the other two, both ways; clients reach it still."""
        for address in await self._addresses([each for each in BROKERS if each != name]):
            for chain, which in (("INPUT", "--source"), ("OUTPUT", "--destination")):
                await self._in_network_of(name, "iptables", "--append", chain, which, address, "--jump", "DROP")

    async def join(self, name: str) -> None:
        """Takes back what `cut_off` did."""
        await self._in_network_of(name, "iptables", "--flush")

    async def take_off_networks(self, name: str) -> None:
        """Nobody reaches this database any more, nor it anybody."""
        for network in _DATABASE_NETWORKS:
            await self.docker("network", name, "disconnect", f"{self._project}_{network}")

    async def put_on_networks(self, name: str) -> None:
        """Takes back what `take_off_networks` did."""
        for network in _DATABASE_NETWORKS:
            await self.docker("network", name, "connect", "--alias", name, f"{self._project}_{network}")

    async def _in_network_of(self, name: str, *command: str) -> None:
        pid = (await self.docker("inspect", name, "--format", "{{.State.Pid}}")).strip()
        await self._run("nsenter", "--target", pid, "--net", *command)

    async def _addresses(self, names: Sequence[str]) -> list[str]:
        wanted = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return [each for name in names for each in (await self.docker("inspect", name, "--format", wanted)).split()]

    def container(self, name: str) -> str:
        """The name of a server's container."""
        return f"{self._project}-{name}-1"

    def _ports_of(self, name: str, servers: Sequence[str]) -> dict[str, int]:
        return {server: self._ports[_numbered(name, number)] for number, server in enumerate(servers, 1)}

    async def _run(self, *command: str, timeout: float = _COMMAND) -> str:  # noqa: ASYNC109
        environment = {f"CULTURE_CONNECT_{name}": str(port) for name, port in self._ports.items()}
        environment |= {"COMPOSE_PROJECT_NAME": self._project, "CULTURE_CONNECT_CLUSTER_FILE": str(FILE)}
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(timeout):
                output, errors = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise ClusterError(f"{' '.join(command)}: no end within {timeout:g} s") from None
        if process.returncode != 0:
            raise ClusterError(f"{' '.join(command)}: {errors.decode()[-2_000:]}")
        return output.decode()


@asynccontextmanager
async def running_cluster(services: Sequence[str] = (*BROKERS, *DATABASES)) -> AsyncIterator[Cluster]:
    """These services and what they need run while the block does; then all is removed. Raises ClusterError."""
    names = [_numbered(name, number) for name in _PORTS for number in (1, 2, 3)]
    names += [_numbered(name, number) for name in _OTHER_PORTS for number in (1, 2)] + ["MAILBOX_PORT"]
    cluster = Cluster(f"culture-connect-test-{secrets.token_hex(4)}", choose_ports(names))
    try:
        await cluster.compose("up", "--build", "--detach", "--wait", *services, timeout=_UP)
        yield cluster
    finally:
        await cluster.compose("down", "--volumes", "--timeout", "0", timeout=_UP)


def _numbered(name: str, number: int) -> str:
    """The variable of the first server has no number."""
    return name if number == 1 else f"{name}_{number}"
