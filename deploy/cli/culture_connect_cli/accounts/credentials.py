"""The login of an external client."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from typing import Final

from culture_connect_cli.broker.connection import Amqps
from culture_connect_cli.urls import login_url

_ALPHABET: Final = string.ascii_letters + string.digits
_PASSWORD_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that an external client needs to connect, to publish and to consume."""

    username: str
    password: str = field(repr=False)
    host: str
    port: int
    vhost: str
    exchange: str
    routing_key: str
    queue: str
    amqps: Amqps | None = None

    @property
    def url(self) -> str:
        """The AMQP URL. Holds the password: never log it."""
        return login_url("amqp", self.username, self.password, f"{self.host}:{self.port}", self.vhost)

    @property
    def tls_url(self) -> str | None:
        """The AMQP URL with TLS, None when its address is unknown. Holds the password: never log it."""
        if self.amqps is None:
            return None
        return login_url("amqps", self.username, self.password, f"{self.amqps.host}:{self.amqps.port}", self.vhost)


def random_password() -> str:
    """32 random letters and digits, none of which a shell, a URL or a configuration file treats specially."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))
