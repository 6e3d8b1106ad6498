"""The attackers' own accounts, token and link, and the addresses of all servers."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from culture_connect_cli.accounts import Credentials

ATTACKER = "mallory"  # the partner whose HR system, token and participant attack
ADDRESS = "127.0.0.2"  # where attackers call from; everybody else of this machine is at 127.0.0.1


@dataclass(frozen=True)
class Target:
    """Everything that an attacker was given; `urls` are replicas by name (`ticketing-1`)."""

    hr: Credentials
    box_office: Credentials
    evening_id: str
    ticket_id: str
    partner_token: str
    secret: str
    urls: Mapping[str, str]

    def ports(self, service: str) -> list[int]:
        """Returns the addresses of the replicas of a service."""
        return [int(url.rpartition(":")[2]) for name, url in self.urls.items() if name.startswith(service)]


async def paced(rate: float, deadline: float) -> AsyncIterator[int]:
    """Counts from 0, at most `rate` times a second, until `deadline` (monotonic seconds)."""
    count, started = 0, time.monotonic()
    while time.monotonic() < deadline:
        yield count
        count += 1
        await asyncio.sleep(max(0.0, started + count / rate - time.monotonic()))
