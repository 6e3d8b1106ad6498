"""The destinations of events that the public contract knows."""

from dataclasses import dataclass
from typing import Literal

from culture_connect.contracts import Message
from culture_connect.messaging.topology import DEAD_LETTERS

VirtualHost = Literal["core", "edge"]


@dataclass(frozen=True, slots=True)
class Route:
    """A destination on the bus: virtual host, exchange and routing key."""

    vhost: VirtualHost
    exchange: str
    routing_key: str

    @property
    def lane(self) -> str:
        """The name of what this message shares a destination with: all that reaches the same queues.

        On `edge` that is one outside party, on `core` one subject, whose events go to the same services.
        """
        destination = self.routing_key if self.vhost == "edge" else self.routing_key.partition(".")[0]
        return f"{self.vhost}/{self.exchange}/{destination}"


def core_event(message: Message, scope: str | None) -> Route:
    """The route of an event between the services.

    `scope` is the last word of the routing key (a partner's slug or a venue), None where the type has none.
    """
    return Route("core", "events", message.routing_key(scope))


def receipt_to(partner: str) -> Route:
    """The route of a receipt to the HR system of the partner with this slug."""
    return Route("edge", "receipts", partner)


def feed_to(venue: str) -> Route:
    """The route of an event to the box office of this venue."""
    return Route("edge", "tickets", venue)


def dead_letters_of(vhost: VirtualHost, service: str) -> Route:
    """The route to the dead letters of a service."""
    return Route(vhost, DEAD_LETTERS, service)
