"""The broker that a command talks to, and the account it uses."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from culture_connect.messaging.topology import ADMINISTRATOR, Vhosts
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.stack_file import read_stack, stack_file
from culture_connect_cli.urls import login_url

_PREFIX: Final = "CULTURE_CONNECT_MANAGEMENT_"
_AMQP_PORT: Final = 5672
_AMQPS_PORT: Final = 5671


class BrokerNotGivenError(BrokerError):
    """Neither options nor environment nor a running local stack say where the broker is."""


@dataclass(frozen=True, slots=True)
class Amqps:
    """The broker's TLS address for external clients; `ca_file` is the authority to trust if it is our own."""

    host: str
    port: int
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker and its administrator's login.

    `host` and `port` are the AMQP address; `advertised` is the one for external clients, if it differs. `amqps` is
    their TLS address, None when unknown.
    """

    management_url: str
    username: str
    password: str = field(repr=False)
    host: str
    port: int
    vhosts: Vhosts = field(default_factory=Vhosts)
    advertised: tuple[str, int] | None = None
    amqps: Amqps | None = None

    def management(self) -> Management:
        """A client of the management API, to be used as an asynchronous context manager."""
        return Management(self.management_url, self.username, self.password)

    def amqp_url(self, vhost: str) -> str:
        """The administrator's AMQP URL of a virtual host. Holds the password: never log it."""
        return login_url("amqp", self.username, self.password, f"{self.host}:{self.port}", vhost)


def find_broker(
    *,
    management_url: str | None = None,
    username: str | None = None,
    password_file: Path | None = None,
    amqp: str | None = None,
    advertise: str | None = None,
    advertise_tls: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Broker:
    """The broker of the options, else of the environment (`CULTURE_CONNECT_MANAGEMENT_URL`, `_USERNAME`,
    `_PASSWORD_FILE` and `CULTURE_CONNECT_AMQP` as `host:port`), else of the local stack.
    `advertise` (`host:port`) is the address for external clients, `advertise_tls` the same for amqps.

    Raises BrokerNotGivenError when the broker is not given, or only in part.
    """
    url = management_url or environment.get(f"{_PREFIX}URL")
    if not url:
        return _local_broker(stack_file(environment))
    secret = password_file or optional_path(environment.get(f"{_PREFIX}PASSWORD_FILE"))
    if secret is None:
        raise BrokerNotGivenError("the broker's address is given, but no file with the administrator's password")
    host, port = _address(amqp or environment.get("CULTURE_CONNECT_AMQP"), url)
    name = username or environment.get(f"{_PREFIX}USERNAME") or ADMINISTRATOR
    advertised = _address(advertise, url) if advertise else None
    return Broker(
        url, name, read_secret(secret), host, port, advertised=advertised, amqps=amqps_of(advertise_tls, None)
    )


def amqps_of(address: str | None, ca_file: Path | None) -> Amqps | None:
    """The TLS address in `host:port`, with the standard port as default; None for no address."""
    return Amqps(*_address(address, "", _AMQPS_PORT), ca_file) if address else None


def is_local(broker: Broker, environment: Mapping[str, str] = os.environ) -> bool:
    """True when this is the broker of the local stack."""
    try:
        return _local_broker(stack_file(environment)).management_url == broker.management_url
    except BrokerNotGivenError:
        return False


def read_secret(path: Path) -> str:
    """The only line of a file that nobody else may read. Raises BrokerNotGivenError when it cannot be used."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
            raise BrokerNotGivenError(f"others may read {path}: chmod 600 it")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BrokerNotGivenError(f"cannot read {path}: {error.strerror}") from error


def optional_path(value: str | None) -> Path | None:
    """The path in an environment variable, None when it is unset or empty."""
    return Path(value) if value else None


def _local_broker(description: Path) -> Broker:
    try:
        stack = read_stack(description)
    except FileNotFoundError:
        raise BrokerNotGivenError(
            "which broker? Start a local stack with `culture-connect up`, or give --management-url and "
            f"--password-file (or {_PREFIX}URL and {_PREFIX}PASSWORD_FILE)"
        ) from None
    amqp, administrator = stack["amqp"], stack["accounts"].get(ADMINISTRATOR)
    if administrator is None:
        raise BrokerNotGivenError(f"{description} does not hold the administrator's account")
    return Broker(
        amqp["management_url"],
        administrator["username"],
        administrator["password"],
        amqp["host"],
        int(amqp["port"]),
        amqps=Amqps(amqp["host"], int(amqp["tls_port"]), Path(amqp["ca_file"])) if "tls_port" in amqp else None,
    )


def _address(amqp: str | None, management_url: str, standard_port: int = _AMQP_PORT) -> tuple[str, int]:
    """Host and port of `host:port`, else the management API's host and the standard port."""
    parts = urlsplit(f"//{amqp}" if amqp else management_url)
    port = (parts.port if amqp else None) or standard_port
    return parts.hostname or "localhost", port
