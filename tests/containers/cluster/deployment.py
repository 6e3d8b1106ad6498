"""The system on the cluster: brokers and databases in containers, replicas as processes with proxies on their wires."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from culture_connect.messaging.topology import ADMINISTRATOR, CORE, EDGE
from culture_connect_cli.private_files import write_secret
from culture_connect_cli.secrets import store
from culture_connect_cli.secrets.installation import DATABASE, SUPERUSER
from culture_connect_cli.stack.local import LocalStack
from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.scratch import scratch_folder
from culture_connect_cli.urls import login_url
from tests.containers.cluster.balancer import Balancer
from tests.containers.cluster.compose import BROKERS, CLONE, DATABASES, Cluster, running_cluster
from tests.storm.deployment import Deployment, Nodes, connect, running
from tests.support.probes import until

_MEMBERS: Final = len(BROKERS)
_WHOLE: Final = 90.0  # seconds for all nodes to be there, and each queue to have all its members


@dataclass(frozen=True)
class ClusterDeployment(Deployment):
    """Three brokers and three databases; external clients reach the brokers by a balancer."""

    cluster: Cluster

    async def is_durable(self, queue: str) -> bool:
        """A queue with a member on each node outlives the loss of one."""
        return all(len(row.get("members", ())) == _MEMBERS for row in await self.queues() if row["name"] == queue)

    async def queues(self) -> list[dict[str, Any]]:
        """The queues as the management API tells of them."""
        async with self.stack.broker.management() as management:
            return [row for vhost in (CORE, EDGE) for row in await management.get("queues", vhost)]

    async def leader(self, queue: str) -> str:
        """The node that leads the queue."""
        [row] = [row for row in await self.queues() if row["name"] == queue]
        return str(row["leader"]).partition("@")[2]

    async def whole(self) -> None:
        """Waits until every member of every queue is online. Raises AssertionError with those that are not."""

        async def missing() -> list[str]:
            try:
                rows = await self.queues()
            except Exception as error:
                return [f"no answer ({type(error).__name__})"]
            return [row["name"] for row in rows if len(set(row.get("online", ()))) < _MEMBERS]

        await until(missing, lambda found: not found, "members of queues that are away", timeout=_WHOLE)

    def keep_server_logs(self, folder: Path) -> None:
        """As the containers printed them."""
        for name in (*BROKERS, *DATABASES):
            with (folder / f"{name}.log").open("wb") as log:
                subprocess.run(["docker", "logs", self.cluster.container(name)], stdout=log, stderr=log, check=False)


@asynccontextmanager
async def deployed_on_cluster(sabotage: str | None = None) -> AsyncIterator[ClusterDeployment]:
    """Everything runs while the block does; `sabotage` is the promise that the services break."""
    async with AsyncExitStack() as exits:
        scratch = exits.enter_context(scratch_folder(CLONE / "tests" / "storm"))
        cluster = await exits.enter_async_context(running_cluster())
        amqp = await exits.enter_async_context(Balancer([*cluster.amqp_ports.values()]))
        console = await exits.enter_async_context(Balancer([*cluster.console_ports.values()]))
        # The stack has the installation's secrets: a broker loads the accounts of those anew whenever it starts.
        vault = await cluster.secret("vault/secrets.json")
        write_secret(store.secrets_file(scratch / "stack" / "secrets"), vault, os.geteuid())
        kept = json.loads(vault)
        administrator, superuser = kept["broker"][ADMINISTRATOR], kept["database"][SUPERUSER]
        addresses = [f"{LOOPBACK}:{port}" for port in cluster.database_ports.values()]
        servers = {
            "POSTGRES_URL": login_url("postgresql", SUPERUSER, superuser, addresses[0], "postgres"),
            "RABBITMQ_URL": login_url("amqp", ADMINISTRATOR, administrator, f"{LOOPBACK}:{amqp.port}", ""),
            "RABBITMQ_MANAGEMENT_URL": f"http://{LOOPBACK}:{console.port}",
        }
        environment = {f"CULTURE_CONNECT_STACK_{name}": url for name, url in servers.items()}
        stack = LocalStack(scratch / "stack", supervised=False, serving=False, environment=environment)
        await exits.enter_async_context(stack)
        everywhere = login_url("postgresql", SUPERUSER, superuser, ",".join(addresses), DATABASE)
        nodes = Nodes(cluster.amqp_ports, cluster.database_ports)
        deployment = ClusterDeployment(
            stack,
            *await connect(exits, stack, nodes, sabotage),
            f"{everywhere}?target_session_attrs=primary",
            cluster,
        )
        await deployment.whole()
        yield await exits.enter_async_context(running(deployment, sabotage))
