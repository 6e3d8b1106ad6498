"""Servers and services that run on this machine for a developer, a demonstration or a test."""

from culture_connect_cli.stack.errors import InfrastructureMissingError, StackError, StartTimeoutError
from culture_connect_cli.stack.postgres import Postgres
from culture_connect_cli.stack.rabbitmq import RabbitMQ
from culture_connect_cli.stack.servers import Given, PostgresServer, RabbitMQServer

__all__ = [
    "Given",
    "InfrastructureMissingError",
    "Postgres",
    "PostgresServer",
    "RabbitMQ",
    "RabbitMQServer",
    "StackError",
    "StartTimeoutError",
]
