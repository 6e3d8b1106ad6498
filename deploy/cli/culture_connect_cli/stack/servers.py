"""The database server and broker of a stack: their interface, and external ones given in the environment."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.urls import login_url

_PREFIX = "CULTURE_CONNECT_STACK_"


class PrivateServer(ABC):
    """A server that this process starts and stops, usable as a context manager."""

    @abstractmethod
    def start(self) -> None:
        """Starts or restarts; returns when clients can connect. Raises StartTimeoutError."""

    @abstractmethod
    def stop(self) -> None:
        """Shuts the server down, with all its processes."""

    @abstractmethod
    def kill(self) -> None:
        """Sends SIGKILL to the server, as a crash."""

    def restart(self) -> None:
        """Stops the server if it runs, and starts it on the same ports."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class PostgresServer(Protocol):
    """A PostgreSQL server with a superuser's login."""

    def url(self, database: str = ..., *, user: str | None = ..., password: str | None = ...) -> str:
        """postgresql://user:password@host:port/database; without user: the superuser."""


class PrivatePostgres(PrivateServer):
    """A PostgreSQL server that this process starts and stops; `port` and `url` are valid after `start`."""

    port: int

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """True when the server runs."""

    @abstractmethod
    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """As `PostgresServer`."""


class RabbitMQServer(Protocol):
    """A broker with an administrator's login."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def management_url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...

    def url(self, user: str | None = ..., password: str | None = ..., *, vhost: str = ...) -> str:
        """amqp://user:password@host:port/vhost; without user: the administrator."""


@dataclass(frozen=True)
class ExternalPostgres:
    """A PostgreSQL server given in the environment."""

    address: str
    username: str
    password: str = field(repr=False)

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """As `PostgresServer`."""
        password = self.password if password is None else password
        return login_url("postgresql", user or self.username, password, self.address, database)


@dataclass(frozen=True)
class ExternalRabbitMQ:
    """A broker given in the environment."""

    host: str
    port: int
    management_url: str
    username: str
    password: str = field(repr=False)

    def url(self, user: str | None = None, password: str | None = None, *, vhost: str = "/") -> str:
        """As `RabbitMQServer`."""
        password = self.password if password is None else password
        return login_url("amqp", user or self.username, password, f"{self.host}:{self.port}", vhost)


@dataclass(frozen=True)
class ExternalServers:
    """The servers given in the environment, None for those that are not."""

    postgres: ExternalPostgres | None
    rabbitmq: ExternalRabbitMQ | None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """From CULTURE_CONNECT_STACK_POSTGRES_URL (a superuser), ..._RABBITMQ_URL (an administrator, amqp) and
        ..._RABBITMQ_MANAGEMENT_URL. Raises StackError for an invalid one."""
        database, broker, console = (
            environment.get(f"{_PREFIX}{name}") for name in ("POSTGRES_URL", "RABBITMQ_URL", "RABBITMQ_MANAGEMENT_URL")
        )
        if bool(broker) != bool(console):
            raise StackError(f"{_PREFIX}RABBITMQ_URL and {_PREFIX}RABBITMQ_MANAGEMENT_URL: give both or none.")
        return cls(
            _postgres(database) if database else None,
            _rabbitmq(broker, console) if broker and console else None,
        )


def _postgres(url: str) -> ExternalPostgres:
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname:
        raise StackError(f"{_PREFIX}POSTGRES_URL: expected postgresql://superuser:password@host:port/postgres")
    address = f"{parts.hostname}:{parts.port or 5432}"
    return ExternalPostgres(address, unquote(parts.username or "postgres"), unquote(parts.password or ""))


def _rabbitmq(url: str, console: str) -> ExternalRabbitMQ:
    parts = urlsplit(url)
    if parts.scheme != "amqp" or not parts.hostname:
        raise StackError(f"{_PREFIX}RABBITMQ_URL: expected amqp://administrator:password@host:port")
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    return ExternalRabbitMQ(parts.hostname, parts.port or 5672, console.rstrip("/"), user, password)
