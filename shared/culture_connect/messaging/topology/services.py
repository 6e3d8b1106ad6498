"""The services: one list, from which queues, accounts, permissions, database roles and commands are derived."""

from dataclasses import dataclass
from typing import Final

REGISTRATION: Final = "registration"
TICKETING: Final = "ticketing"
NOTIFICATIONS: Final = "notifications"

RECEIPTS: Final = "receipts"
TICKETS: Final = "tickets"

_ANY_SLUG: Final = "[a-z0-9-]+"


@dataclass(frozen=True, slots=True)
class Edge:
    """The part of a service that faces outside parties: the exchange it answers on, and a pattern of their queues."""

    exchange: str
    inbound_queues: str


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A service; its name is also that of its package, its database schema and role, and its account on the broker.

    `subscribes` and `publishes` are topic patterns of events on `core`; `edge` is None where no outside party sends.
    """

    name: str
    subscribes: tuple[str, ...]
    publishes: tuple[str, ...]
    edge: Edge | None = None

    @property
    def erases(self) -> bool:
        """True when an erasure waits for this service's report that it keeps nothing of the participant."""
        return _erasure_of(self.name) in self.publishes


def _erasure_of(service: str) -> str:
    return f"erasure.completed.{service}"


ALL_SERVICES: Final = (
    ServiceEntry(
        REGISTRATION,
        subscribes=("erasure.#", "mail.#"),
        publishes=("partner.#", "participant.#", "evening.#"),
        edge=Edge(RECEIPTS, rf"^hr\.{_ANY_SLUG}\.enrolments$"),
    ),
    ServiceEntry(
        TICKETING,
        subscribes=("partner.#", "participant.#", "evening.#"),
        publishes=("invitation.#", "ticket.#", _erasure_of(TICKETING)),
        edge=Edge(TICKETS, rf"^box-office\.{_ANY_SLUG}\.admissions$"),
    ),
    ServiceEntry(
        NOTIFICATIONS,
        subscribes=("partner.#", "participant.#", "evening.#", "invitation.#", "ticket.#"),
        publishes=("mail.#", _erasure_of(NOTIFICATIONS)),
    ),
)

SERVICES: Final = tuple(service.name for service in ALL_SERVICES)
"""The names of all services."""

EDGE_SERVICES: Final = tuple(service.name for service in ALL_SERVICES if service.edge)
"""Those that outside parties send to."""

ERASING_SERVICES: Final = tuple(service.name for service in ALL_SERVICES if service.erases)
"""Those that report the erasure of a participant to registration."""
