"""Who says what to whom, and where: the one table behind the documentation and the registries of readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from culture_connect.contracts import box_office, hr, notifications, receipts, registration, ticketing
from culture_connect.contracts.base import Message

Channel = Literal["core", "hr", "receipts", "box-office", "tickets"]
"""A direction on the bus: between the services; from HR and back; from a box office and back."""

CHANNELS: Final[tuple[Channel, ...]] = ("core", "hr", "receipts", "box-office", "tickets")


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of message on one way. `routing_key` has its variable word in angle brackets."""

    channel: Channel
    vhost: Literal["core", "edge"]
    exchange: str
    publisher: str
    readers: tuple[str, ...]
    routing_key: str
    model: type[Message]

    @property
    def meaning(self) -> str:
        """One sentence on what the message says."""
        return (self.model.__doc__ or "").strip().partition("\n")[0]


def _core(publisher: str, readers: tuple[str, ...], scope: str | None, *models: type[Message]) -> list[Entry]:
    return [
        Entry("core", "core", "events", publisher, readers, model.routing_key(scope and f"<{scope}>"), model)
        for model in models
    ]


def _edge(
    channel: Channel, exchange: str, key: str, publisher: str, reader: str, *models: type[Message]
) -> list[Entry]:
    return [Entry(channel, "edge", exchange, publisher, (reader,), key, model) for model in models]


_PROJECTIONS = ("ticketing", "notifications")
_EVENINGS = (registration.EveningScheduled, registration.EveningChanged, registration.EveningCancelled)

CATALOGUE: Final[tuple[Entry, ...]] = (
    *_edge(
        "hr", "hr.<partner>", "enrolment", "hr.<partner>", "registration",
        hr.EnrolmentRequested, hr.EnrolmentWithdrawn, hr.EnrolmentErased,
    ),
    *_edge(
        "receipts", "receipts", "<partner>", "registration", "hr.<partner>",
        receipts.EnrolmentAccepted, receipts.EnrolmentRefused, receipts.EnrolmentUndeliverable,
    ),
    *_edge(
        "tickets", "tickets", "<venue>", "ticketing", "box-office.<venue>",
        *_EVENINGS, box_office.FeedTicketIssued, box_office.FeedTicketCancelled, box_office.FeedTicketAdmitted,
        box_office.AdmissionRefused,
    ),
    *_edge(
        "box-office", "box-office.<venue>", "admission", "box-office.<venue>", "ticketing",
        box_office.AdmissionRecorded,
    ),
    *_core(
        "registration", _PROJECTIONS, "partner",
        registration.PartnerRegistered, registration.PartnerChanged, registration.PartnerLeft,
        registration.ParticipantEnrolled, registration.ParticipantChanged, registration.ParticipantWithdrawn,
        registration.ParticipantErased,
    ),
    *_core("registration", _PROJECTIONS, "venue", *_EVENINGS),
    *_core(
        "ticketing", ("notifications",), "venue",
        ticketing.InvitationExtended, ticketing.TicketIssued, ticketing.TicketWaitlisted, ticketing.TicketCancelled,
        ticketing.TicketAdmitted, ticketing.TicketOffered,
    ),
    *_core("ticketing", ("registration",), "service", ticketing.ErasureCompleted),
    *_core("notifications", ("registration",), "service", ticketing.ErasureCompleted),
    *_core("notifications", ("registration",), None, notifications.MailUndeliverable),
)  # fmt: skip


def readers(channel: Channel) -> Mapping[str, type[Message]]:
    """The messages on one way, by their type."""
    return _READERS[channel]


_READERS: Final[Mapping[str, Mapping[str, type[Message]]]] = MappingProxyType(
    {
        channel: MappingProxyType({each.model.type: each.model for each in CATALOGUE if each.channel == channel})
        for channel in CHANNELS
    }
)

MESSAGES: Final[Mapping[str, tuple[type[Message], ...]]] = MappingProxyType(
    {
        each.model.type: tuple(dict.fromkeys(other.model for other in CATALOGUE if other.model.type == each.model.type))
        for each in CATALOGUE
    }
)
"""Every type with its models: tickets have one for the services and a barer one for the box offices."""
