"""Why a letter is not sent, in words for operators."""

from collections.abc import Mapping
from typing import Final

from notifications.domain.kinds import Suppression

REASONS: Final[Mapping[str, str]] = {
    Suppression.ADMITTED: "the guest is in already",
    Suppression.ALREADY_TOLD: "another letter tells it, or told it",
    Suppression.ERASED: "the addressee was erased",
    Suppression.EVENING_CANCELLED: "the evening is cancelled",
    Suppression.NEVER_TOLD: "the addressee was never told what this would take back or change",
    Suppression.NOTHING_HAPPENED: "there is nothing to tell",
    Suppression.NO_ADDRESS: "there is no address to write to",
    Suppression.OVERTAKEN: "things have moved on since",
    Suppression.TICKET_CANCELLED: "the ticket is cancelled",
    Suppression.TOO_LATE: "the moment for it has passed",
    Suppression.UNREADABLE: "another release wrote it in a form that this one cannot read",
    Suppression.UNSUBSCRIBED: "the addressee has switched such letters off",
    Suppression.WITHDRAWN: "the addressee no longer takes part",
}
