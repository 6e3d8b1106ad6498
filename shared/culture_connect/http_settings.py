"""Settings of the HTTP side: addresses and ports, host names, and the limits of clients."""

import ipaddress
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def names_in(text: str) -> tuple[str, ...]:
    """The parts of a list that is written with commas, without those that are empty."""
    return tuple(part for each in text.split(",") if (part := each.strip()))


def networks_in(text: str) -> tuple[Network, ...]:
    """The addresses and networks (CIDR) of such a list. Raises ValueError."""
    return tuple(ipaddress.ip_network(each) for each in names_in(text))


def numbers_in(text: str) -> tuple[float, int, int] | None:
    """Requests a second, at once, and under way of `50:200:8`; None for `off`. Raises ValueError."""
    if text == "off":
        return None
    rate, burst, at_once = text.split(":")
    numbers = float(rate), int(burst), int(at_once)
    # Compared this way round, so that NaN is refused as well.
    if not (0 < numbers[0] <= 1_000_000 and 0 < numbers[1] <= 1_000_000 and 0 < numbers[2] <= 1_000_000):
        raise ValueError(text)
    return numbers


def _networks(text: str) -> str:
    try:
        networks_in(text)
    except ValueError:
        raise ValueError("expected addresses or networks with commas between them, such as 10.0.0.0/8") from None
    return text


def _numbers(text: str) -> str:
    try:
        numbers_in(text)
    except ValueError:
        raise ValueError(
            "expected requests a second, in a burst, and under way together, such as 50:200:8, or off"
        ) from None
    return text


Names = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]*_, -]*$")]
Networks = Annotated[str, AfterValidator(_networks)]
RateText = Annotated[str, AfterValidator(_numbers)]


class HttpSettings(BaseSettings):
    """The settings of the HTTP side of any service. Limits are those of one replica."""

    model_config = SettingsConfigDict(env_prefix="CULTURE_CONNECT_", frozen=True)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    # Ports of their own for public pages, and for /metrics and /health, at the same host unless set otherwise.
    public_port: int | None = Field(default=None, ge=1, le=65535)
    public_host: str | None = None
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str | None = None
    # By which names clients may call the service besides its own name, that of `public_url`, and this machine's.
    http_hosts: Names = ""
    # Whose X-Forwarded-For is believed. These addresses stand for many clients and have no limit of their own.
    http_trusted_proxies: Networks = "127.0.0.1,::1"
    http_connections: int = Field(default=5000, ge=1, le=100_000)
    http_connections_per_address: int = Field(default=50, ge=0, le=100_000)  # 0: no limit
    # Seconds from a connection, or the first byte of a request, to the end of the request's head.
    http_head_seconds: float = Field(default=20.0, gt=0, le=600)
    # Seconds for a body; each MiB that has arrived is worth five more.
    http_body_seconds: float = Field(default=20.0, gt=0, le=600)
    # Seconds in which a client that reads an answer takes some of it.
    http_write_seconds: float = Field(default=30.0, gt=0, le=600)
    # Requests a second : in a burst : under way together.
    http_limit_partner: RateText = "50:200:8"
    http_limit_box_office: RateText = "200:800:8"
    http_limit_team: RateText = "1000:5000:200"
    http_limit_link: RateText = "2:30:2"
    http_limit_address: RateText = "50:500:16"

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        ports = [port for port in (self.http_port, self.public_port, self.metrics_port) if port]
        if len(set(ports)) < len(ports):
            raise ValueError("HTTP_PORT, PUBLIC_PORT and METRICS_PORT: expected different ports")
        return self
