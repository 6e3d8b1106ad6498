"""All that one replica of a service has around it: its database role and its accounts on the bus."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel

from tests.support.bus import Bus, Side
from tests.support.databases import Database


@dataclass(frozen=True)
class Surroundings:
    """The URLs that the settings of `service` need, and the hands of those around it."""

    service: str
    database: Database
    bus: Bus

    @property
    def database_url(self) -> str:
        """As the service's role."""
        return self.database.url(self.service)

    @property
    def core_url(self) -> str:
        """As the service's account."""
        return self.bus.url(self.service, "core")

    @property
    def edge_url(self) -> str:
        """As the service's account."""
        return self.bus.url(self.service, "edge")

    def administrator(self, side: Side) -> AbstractAsyncContextManager[AbstractChannel]:
        """A channel of one who may do everything."""
        return self.bus.administrator(side)

    async def add_hr(self, partner: str) -> str:
        """Account, exchange and queues of a partner's HR system; returns its URL."""
        return self.bus.add_party("hr", partner)

    async def add_box_office(self, venue: str) -> str:
        """The same for a box office."""
        return self.bus.add_party("box-office", venue)
