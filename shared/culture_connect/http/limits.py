"""Limits of one replica for its clients, from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit

from culture_connect.http_settings import HttpSettings, Network, names_in, networks_in, numbers_in

MIB: Final = 1024 * 1024
SMALL_BODY: Final = 64 * 1024  # bytes, which have no part in the memory that bodies share
# Bytes, the most that is taken without a known token: reading a body costs time before the caller is known.
ANONYMOUS_BODY: Final = 8 * 1024
# One file at a time of each client, and so few of all that most connections to the database are left to the others.
_LARGE_RATES: Final = (20.0, 100, 1), (100.0, 500, 4)
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
_LOOPBACK: Final = networks_in("127.0.0.1,::1")


class ClientKind(StrEnum):
    """Kinds of clients, each with limits of its own.

    `LARGE` is a client that sends a large body, `ALL_LARGE` all of them together: such requests take long.
    """

    PARTNER = "partner"
    BOX_OFFICE = "box-office"
    TEAM = "team"
    LINK = "link"
    ADDRESS = "address"
    LARGE = "large"
    ALL_LARGE = "all-large"


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests `per_second`, so many more in a `burst`, and how many may be under way `at_once`."""

    per_second: float
    burst: int
    at_once: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The rate that a setting says, None for `off`. Raises ValueError."""
        numbers = numbers_in(text)
        return None if numbers is None else cls(*numbers)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The settings that the request filter of an application needs.

    `hosts` are the names by which clients may call it, None for any. Each `rates` that is missing has no limit.
    """

    hosts: frozenset[str] | None = None
    trusted_proxies: tuple[Network, ...] = _LOOPBACK
    body_seconds: float = 20.0
    body_seconds_per_mib: float = 5.0
    bodies_in_memory: int = 64 * MIB  # bytes, without the first 64 KiB of each
    rates: Mapping[ClientKind, Rate] = field(default_factory=dict)
    most_clients: int = 10_000
    refusal_seconds: float = 0.2  # before a client over its limit gets the 429

    @classmethod
    def of(cls, settings: HttpSettings, name: str) -> Self:
        """Returns the limits in the settings of the service of this name."""
        texts = {
            ClientKind.PARTNER: settings.http_limit_partner,
            ClientKind.BOX_OFFICE: settings.http_limit_box_office,
            ClientKind.TEAM: settings.http_limit_team,
            ClientKind.LINK: settings.http_limit_link,
            ClientKind.ADDRESS: settings.http_limit_address,
        }
        rates = {kind: rate for kind, text in texts.items() if (rate := Rate.read(text)) is not None}
        large, all_large = (Rate(*numbers) for numbers in _LARGE_RATES)
        return cls(
            hosts=_hosts(settings, name),
            trusted_proxies=networks_in(settings.http_trusted_proxies),
            body_seconds=settings.http_body_seconds,
            rates=rates | {ClientKind.LARGE: large, ClientKind.ALL_LARGE: all_large},
        )


def _hosts(settings: HttpSettings, name: str) -> frozenset[str] | None:
    """The service's own name is what other containers call it by."""
    texts = names_in(settings.http_hosts)
    if "*" in texts:
        return None
    public = urlsplit(getattr(settings, "public_url", "")).hostname
    own = [public] if public else []
    return frozenset(each.lower() for each in (*texts, *_THIS_MACHINE, settings.http_host, name, *own))
