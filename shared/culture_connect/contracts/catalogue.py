"""Every message on the bus: who sends it where, who reads it, and with which key."""

from dataclasses import dataclass
from typing import Literal

from culture_connect.contracts import box_office, hr, notifications, receipts, registration, ticketing
from culture_connect.contracts.base import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue; `routing_key` has <partner>, <venue> or <service> where a name goes."""

    vhost: Literal["core", "edge"]
    exchange: str
    routing_key: str
    publisher: str
    readers: tuple[str, ...]
    model: type[Message]

    @property
    def meaning(self) -> str:
        """What the message says, in a sentence."""
        return " ".join((self.model.__doc__ or "").split())


_NOT_REGISTRATION = ("ticketing", "notifications")


def _core(publisher: str, model: type[Message], scope: str | None, *readers: str) -> Entry:
    key = model.routing_key(f"<{scope}>" if scope else None)
    return Entry("core", "events", key, publisher, readers, model)


def _from_hr(model: type[Message]) -> Entry:
    return Entry("edge", "hr.<partner>", "enrolment", "hr.<partner>", ("registration",), model)


def _to_hr(model: type[Message]) -> Entry:
    return Entry("edge", "receipts", "<partner>", "registration", ("hr.<partner>",), model)


def _feed(model: type[Message]) -> Entry:
    return Entry("edge", "tickets", "<venue>", "ticketing", ("box-office.<venue>",), model)


CATALOGUE: tuple[Entry, ...] = (
    _from_hr(hr.EnrolmentRequested),
    _from_hr(hr.EnrolmentWithdrawn),
    _from_hr(hr.EnrolmentErased),
    _to_hr(receipts.EnrolmentAccepted),
    _to_hr(receipts.EnrolmentRefused),
    _to_hr(receipts.EnrolmentUndeliverable),
    _feed(registration.EveningScheduled),
    _feed(registration.EveningChanged),
    _feed(registration.EveningCancelled),
    _feed(box_office.FeedTicketIssued),
    _feed(box_office.FeedTicketCancelled),
    _feed(box_office.FeedTicketAdmitted),
    _feed(box_office.AdmissionRefused),
    Entry(
        "edge", "box-office.<venue>", "admission", "box-office.<venue>", ("ticketing",), box_office.AdmissionRecorded
    ),
    _core("registration", registration.PartnerRegistered, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.PartnerChanged, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.PartnerLeft, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.ParticipantEnrolled, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.ParticipantChanged, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.ParticipantWithdrawn, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.ParticipantErased, "partner", *_NOT_REGISTRATION),
    _core("registration", registration.EveningScheduled, "venue", *_NOT_REGISTRATION),
    _core("registration", registration.EveningChanged, "venue", *_NOT_REGISTRATION),
    _core("registration", registration.EveningCancelled, "venue", *_NOT_REGISTRATION),
    _core("ticketing", ticketing.InvitationExtended, "venue", "notifications"),
    _core("ticketing", ticketing.TicketIssued, "venue", "notifications"),
    _core("ticketing", ticketing.TicketWaitlisted, "venue", "notifications"),
    _core("ticketing", ticketing.TicketCancelled, "venue", "notifications"),
    _core("ticketing", ticketing.TicketAdmitted, "venue", "notifications"),
    _core("ticketing", ticketing.ErasureCompleted, "service", "registration"),
    _core("notifications", ticketing.ErasureCompleted, "service", "registration"),
    _core("notifications", notifications.MailUndeliverable, None, "registration"),
)

MESSAGES: dict[str, type[Message]] = {entry.model.type: entry.model for entry in CATALOGUE if entry.vhost == "core"}
"""What goes between the services, by type."""
