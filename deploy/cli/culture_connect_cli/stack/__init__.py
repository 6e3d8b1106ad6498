"""The local stack: servers and services on this machine for a developer, a demonstration or a test."""

from culture_connect_cli.stack.errors import InfrastructureMissingError, StackError, StartTimeoutError
from culture_connect_cli.stack.home import AlreadyRunningError, Home
from culture_connect_cli.stack.local import LocalStack
from culture_connect_cli.stack.postgres.server import Postgres
from culture_connect_cli.stack.rabbitmq.process import RabbitMQ
from culture_connect_cli.stack.servers import ExternalServers, PostgresServer, RabbitMQServer

__all__ = [
    "AlreadyRunningError",
    "ExternalServers",
    "Home",
    "InfrastructureMissingError",
    "LocalStack",
    "Postgres",
    "PostgresServer",
    "RabbitMQ",
    "RabbitMQServer",
    "StackError",
    "StartTimeoutError",
]
