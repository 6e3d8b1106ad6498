"""A RabbitMQ in a container."""

from testcontainers.core.container import DockerContainer

from culture_connect_cli.stack.containers import LABEL
from culture_connect_cli.stack.rabbitmq.container import IMAGE, DockerRabbitMQ
from tests.support.servers.postgres import publish


class ContainerRabbitMQ(DockerRabbitMQ):
    """The local stack's node in Docker, whose container the tests' library makes; arguments as of `Node`."""

    def run(self) -> None:
        """Makes the container and starts it; returns before the node is ready."""
        container = DockerContainer(IMAGE, name=self.name, env=dict(self.variables)).with_kwargs(
            hostname=self.name, user=self.user, labels={LABEL: str(self.folder)}
        )
        for folder, inside in self.volumes.items():
            container.with_volume_mapping(folder, inside, "rw")
        publish(container, dict(self.published))
        container.start()
        container.get_docker_client().client.close()
