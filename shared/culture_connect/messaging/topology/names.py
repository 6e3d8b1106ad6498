"""Every name on the bus, in one place; the contract with outside parties fixes them."""

import re
from typing import Final, Literal

from culture_connect.messaging.topology.services import SERVICES

CORE: Final = "core"
EDGE: Final = "edge"

EVENTS: Final = "events"
DEAD_LETTERS: Final = "dead-letters"

OPERATOR: Final = "operator"
ADMINISTRATOR: Final = "administrator"

ENROLMENT_KEY: Final = "enrolment"
ADMISSION_KEY: Final = "admission"
"""What a party writes by convention; its exchange takes any routing key."""

RETIRED_EXCHANGES: Final = frozenset(
    f"{service}.{name}" for service in SERVICES for name in ("retry", "return", "stray")
)
RETIRED_QUEUES: Final = frozenset(f"{service}.retry.{delay}" for service in SERVICES for delay in ("5s", "1m", "10m"))
"""What held messages until their next try, before they waited in the services' own schemas."""

RETIRED_POLICIES: Final = frozenset({"outbound"})
"""What bounded the queues that outside parties read, before receipts and tickets had bounds of their own."""

ENROLMENT_QUEUES: Final = "hr.<partner>.enrolments"
ADMISSION_QUEUES: Final = "box-office.<venue>.admissions"
"""Templates of the queues that outside parties fill, for subscribers and documents."""

PartyKind = Literal["hr", "box-office"]

_ANY = "[a-z0-9-]+"
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_INBOUND = re.compile(
    rf"(?:hr\.(?P<hr>{_SLUG.pattern})\.enrolments|box-office\.(?P<venue>{_SLUG.pattern})\.admissions)"
)
_OUTBOUND = re.compile(rf"(?:hr\.{_SLUG.pattern}\.receipts|box-office\.{_SLUG.pattern}\.tickets)")
_HOLDING = ".moving"


def slug(value: str) -> str:
    """The slug itself. Raises ValueError for anything else: names become part of patterns and addresses."""
    if not _SLUG.fullmatch(value):
        raise ValueError(f"not a slug (lower case letters, digits and inner hyphens, at most 40): {value!r}")
    return value


def events_queue(service: str) -> str:
    """The queue on `core` with the events that a service follows."""
    return f"{service}.events"


def dead_queue(service: str) -> str:
    """The dead letters of a service, in both virtual hosts."""
    return f"{service}.dead"


def hr_account(partner: str) -> str:
    """The account, and the exchange, of a partner's HR system."""
    return f"hr.{slug(partner)}"


def enrolments_queue(partner: str) -> str:
    """The queue of messages from a partner's HR system."""
    return f"hr.{slug(partner)}.enrolments"


def receipts_queue(partner: str) -> str:
    """The queue of receipts for a partner's HR system."""
    return f"hr.{slug(partner)}.receipts"


def box_office_account(venue: str) -> str:
    """The account, and the exchange, of a venue's box office."""
    return f"box-office.{slug(venue)}"


def admissions_queue(venue: str) -> str:
    """The queue of messages from a venue's box office."""
    return f"box-office.{slug(venue)}.admissions"


def tickets_queue(venue: str) -> str:
    """The queue of the feed to a venue's box office."""
    return f"box-office.{slug(venue)}.tickets"


def inbound_queues() -> str:
    """A pattern for the queues that outside parties fill: enrolments and admissions."""
    return rf"^(hr\.{_ANY}\.enrolments|box-office\.{_ANY}\.admissions)$"


def receipts_queues() -> str:
    """A pattern for the queues that HR systems read."""
    return rf"^hr\.{_ANY}\.receipts$"


def tickets_queues() -> str:
    """A pattern for the queues that box offices read."""
    return rf"^box-office\.{_ANY}\.tickets$"


def dead_queues() -> str:
    """A pattern for the dead letters of all services."""
    return rf"^({'|'.join(SERVICES)})\.dead$"


def party_of(queue: str) -> str | None:
    """The slug of the outside party that alone can write to this queue; None for every other queue."""
    match = _INBOUND.fullmatch(queue)
    return (match["hr"] or match["venue"]) if match else None


def is_of_a_party(queue: str) -> bool:
    """Returns whether an outside party fills this queue, or reads it."""
    return party_of(queue) is not None or _OUTBOUND.fullmatch(queue) is not None


def holding_queue(queue: str) -> str:
    """The queue that keeps the messages of a party's queue while `culture-connect topology apply` recreates it."""
    return f"{queue}{_HOLDING}"


def held_for(queue: str) -> str | None:
    """The queue whose messages this one holds; None when it is no holding queue."""
    origin = queue.removesuffix(_HOLDING)
    return origin if origin != queue and is_of_a_party(origin) else None
