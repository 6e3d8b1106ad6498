"""The letters there are, and the states of a letter."""

from collections.abc import Collection
from enum import StrEnum


class Kind(StrEnum):
    """The letters there are; each has a folder of templates by this name."""

    WELCOME = "welcome"
    START_CHANGED = "start-changed"
    INVITATION = "invitation"
    TICKET_ISSUED = "ticket-issued"
    TICKET_PROMOTED = "ticket-promoted"
    TICKET_RECEIVED = "ticket-received"
    TICKET_WAITLISTED = "ticket-waitlisted"
    TICKET_OFFERED = "ticket-offered"
    TICKET_DECLINED = "ticket-declined"
    TICKET_PASSED_ON = "ticket-passed-on"
    TICKET_CANCELLED = "ticket-cancelled"
    EVENING_CHANGED = "evening-changed"
    EVENING_CANCELLED = "evening-cancelled"
    REMINDER_WEEK = "reminder-week"
    REMINDER_DAY = "reminder-day"
    GOODBYE = "goodbye"
    DIGEST = "digest"


class State(StrEnum):
    """The life of a letter: planned, sending, sent; or failed (refused for good), or suppressed (not to be sent)."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Suppression(StrEnum):
    """Why a letter is not sent."""

    ADMITTED = "admitted"  # a reminder to somebody who is in already
    ALREADY_TOLD = "already-told"  # another letter tells it, or told it
    ERASED = "erased"
    EVENING_CANCELLED = "evening-cancelled"
    MOVED = "moved"  # was written, or is meant, for another address than its addressee has
    NEVER_TOLD = "never-told"  # nobody takes back what was never said
    NOTHING_HAPPENED = "nothing-happened"  # a week without news, a change that was changed back
    NO_ADDRESS = "no-address"  # a partner without a contact
    OVERTAKEN = "overtaken"
    TICKET_CANCELLED = "ticket-cancelled"
    TOO_LATE = "too-late"  # its moment has passed
    UNREADABLE = "unreadable"  # not in a form that this release can read, for now
    UNSUBSCRIBED = "unsubscribed"
    WITHDRAWN = "withdrawn"


TICKETS = frozenset({Kind.TICKET_ISSUED, Kind.TICKET_PROMOTED, Kind.TICKET_RECEIVED})
REMINDERS = frozenset({Kind.REMINDER_WEEK, Kind.REMINDER_DAY})
# What follows when a ticket or a waiting place is no more.
ENDINGS = frozenset(
    {Kind.TICKET_DECLINED, Kind.TICKET_PASSED_ON, Kind.TICKET_CANCELLED, Kind.EVENING_CANCELLED, Kind.GOODBYE}
)
# Of these whoever told them tells anew what still counts, when somebody has another address; a welcome comes by itself.
TOLD_ANEW = TICKETS | {Kind.TICKET_WAITLISTED, Kind.TICKET_OFFERED, Kind.INVITATION, Kind.WELCOME}
# One can do without these, and switch them off.
OPTIONAL = REMINDERS | {Kind.DIGEST}


class Bundle(StrEnum):
    """What comes at about the same time and goes out as one mail."""

    ARRIVAL = "arrival"
    DEPARTURE = "departure"


def bundle_of(kind: Kind, reason: str | None = None) -> Bundle | None:
    """With what a letter travels when there is more; `reason` is the contract's reason of a cancellation."""
    if kind is Kind.WELCOME or kind in TICKETS or kind is Kind.TICKET_WAITLISTED:
        return Bundle.ARRIVAL
    if kind is Kind.GOODBYE or (kind is Kind.TICKET_CANCELLED and reason == "withdrawn"):
        return Bundle.DEPARTURE
    return None


def template_of(kinds: Collection[Kind]) -> str:
    """The folder of the mail that tells these: that of its only letter, or one for several."""
    if len(kinds) == 1:
        [kind] = kinds
        return str(kind)
    for leading in (Kind.GOODBYE, Kind.WELCOME):
        if leading in kinds:
            return str(leading)
    return "tickets"
