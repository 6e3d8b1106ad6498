"""The catalogue of messages: every class on the bus has its line here, and everything else is derived from it.

Documentation, schemas, AsyncAPI documents, and the types that a reader knows come from this table.
"""

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
class CatalogueEntry:
    """One class of messages on one channel. `routing_key` has its variable word in angle brackets."""

    channel: Channel
    vhost: Literal["core", "edge"]
    exchange: str
    publisher: str
    consumers: tuple[str, ...]
    routing_key: str
    model: type[Message]

    @property
    def meaning(self) -> str:
        """One sentence on what the message says."""
        return (self.model.__doc__ or "").strip().partition("\n")[0]


def _core(model: type[Message], publisher: str, consumers: tuple[str, ...], scope: str | None) -> CatalogueEntry:
    key = model.routing_key(f"<{scope}>" if scope else None)
    return CatalogueEntry("core", "core", "events", publisher, consumers, key, model)


def _hr(model: type[Message]) -> CatalogueEntry:
    return CatalogueEntry("hr", "edge", "hr.<partner>", "hr.<partner>", ("registration",), "enrolment", model)


def _receipt(model: type[Message]) -> CatalogueEntry:
    return CatalogueEntry("receipts", "edge", "receipts", "registration", ("hr.<partner>",), "<partner>", model)


def _feed(model: type[Message]) -> CatalogueEntry:
    return CatalogueEntry("tickets", "edge", "tickets", "ticketing", ("box-office.<venue>",), "<venue>", model)


def _scan(model: type[Message]) -> CatalogueEntry:
    box_office = "box-office.<venue>"
    return CatalogueEntry("box-office", "edge", box_office, box_office, ("ticketing",), "admission", model)


_PROJECTIONS: Final = ("ticketing", "notifications")

# Between services: the class, its publisher, its consumers, and what the last word of its routing key is.
CATALOGUE: Final[tuple[CatalogueEntry, ...]] = (
    _hr(hr.EnrolmentRequested),
    _hr(hr.EnrolmentWithdrawn),
    _hr(hr.EnrolmentErased),
    _receipt(receipts.EnrolmentAccepted),
    _receipt(receipts.EnrolmentRefused),
    _receipt(receipts.EnrolmentUndeliverable),
    _feed(registration.EveningScheduled),
    _feed(registration.EveningChanged),
    _feed(registration.EveningCancelled),
    _feed(box_office.FeedTicketIssued),
    _feed(box_office.FeedTicketCancelled),
    _feed(box_office.FeedTicketAdmitted),
    _feed(box_office.AdmissionRefused),
    _scan(box_office.AdmissionRecorded),
    _core(registration.PartnerRegistered, "registration", _PROJECTIONS, "partner"),
    _core(registration.PartnerChanged, "registration", _PROJECTIONS, "partner"),
    _core(registration.PartnerLeft, "registration", _PROJECTIONS, "partner"),
    _core(registration.ParticipantEnrolled, "registration", _PROJECTIONS, "partner"),
    _core(registration.ParticipantChanged, "registration", _PROJECTIONS, "partner"),
    _core(registration.ParticipantWithdrawn, "registration", _PROJECTIONS, "partner"),
    _core(registration.ParticipantErased, "registration", _PROJECTIONS, "partner"),
    _core(registration.EveningScheduled, "registration", _PROJECTIONS, "venue"),
    _core(registration.EveningChanged, "registration", _PROJECTIONS, "venue"),
    _core(registration.EveningCancelled, "registration", _PROJECTIONS, "venue"),
    _core(ticketing.InvitationExtended, "ticketing", ("notifications",), "venue"),
    _core(ticketing.TicketIssued, "ticketing", ("notifications",), "venue"),
    _core(ticketing.TicketWaitlisted, "ticketing", ("notifications",), "venue"),
    _core(ticketing.TicketCancelled, "ticketing", ("notifications",), "venue"),
    _core(ticketing.TicketAdmitted, "ticketing", ("notifications",), "venue"),
    _core(ticketing.TicketOffered, "ticketing", ("notifications",), "venue"),
    _core(ticketing.ErasureCompleted, "ticketing", ("registration",), "service"),
    _core(ticketing.ErasureCompleted, "notifications", ("registration",), "service"),
    _core(notifications.MailUndeliverable, "notifications", ("registration",), None),
)


def models_of(channel: Channel) -> Mapping[str, type[Message]]:
    """Returns the classes of the messages on a channel, by their type."""
    return _MODELS[channel]


_MODELS: Final[Mapping[Channel, Mapping[str, type[Message]]]] = MappingProxyType(
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
"""The classes of every type: tickets have one for the services, and one without personal ids for the box offices."""
