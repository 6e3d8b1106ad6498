"""The catalogue of letters: an entry for each kind, from which all else follows; and the states of a letter."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Bundle(StrEnum):
    """Letters of one bundle to one addressee that are there at the same time go out as one mail."""

    ARRIVAL = "arrival"
    DEPARTURE = "departure"


class Delay(StrEnum):
    """The setting that says how long a letter waits for others that belong with it."""

    NONE = "none"
    WELCOME = "welcome"
    TICKET = "ticket"
    CHANGE = "change"


class CalendarEffect(StrEnum):
    """The effect of a letter on its addressee's calendar."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class TicketStatus(StrEnum):
    """The status of a ticket, or of a place on the waiting list."""

    ISSUED = "issued"
    WAITLISTED = "waitlisted"
    ADMITTED = "admitted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The entry of a kind in the catalogue.

    - `has_evening`: it is about an evening
    - `delay`, `bundle`: how long it waits for which others; `bundle_if_withdrawn` for a ticket of somebody who withdrew
    - `calendar`: what it does to its addressee's calendar entry
    - `statuses`: those of its ticket with which it is sent; none for any, None among them for an unknown ticket
    - `days_before`: it is a reminder, so many days before the evening
    - `until_start`: it is of use until the evening starts; else until it ends
    - `is_ending`: it tells the end of a ticket or of a participation, however late
    - `is_optional`: its reader can switch it off
    - `is_question`: its reader answers it by its link
    - `is_reissued`: it is called for again by an event of its own when the address changes, or by the change itself
    - `leads`: it comes first in a mail of several, which is written from its templates
    - `needs_news`: it is sent only when something differs from what its reader knows
    """

    has_evening: bool = True
    delay: Delay = Delay.NONE
    bundle: Bundle | None = None
    bundle_if_withdrawn: Bundle | None = None
    calendar: CalendarEffect | None = None
    statuses: frozenset[TicketStatus | None] = frozenset()
    days_before: int | None = None
    until_start: bool = False
    is_ending: bool = False
    is_optional: bool = False
    is_question: bool = False
    is_reissued: bool = False
    leads: bool = False
    needs_news: bool = False


_ISSUED = frozenset({TicketStatus.ISSUED, TicketStatus.ADMITTED})
_TICKET = Traits(
    calendar=CalendarEffect.ADD, delay=Delay.TICKET, bundle=Bundle.ARRIVAL, statuses=_ISSUED, is_reissued=True
)
_CANCELLED = frozenset({TicketStatus.CANCELLED})
_GIVEN_UP = Traits(calendar=CalendarEffect.REMOVE, statuses=_CANCELLED, is_ending=True)


_DEFAULT = Traits()


class Kind(StrEnum):
    """The letters there are; each has a folder of templates by this name."""

    traits: Traits

    WELCOME = (
        "welcome",
        Traits(has_evening=False, delay=Delay.WELCOME, bundle=Bundle.ARRIVAL, is_reissued=True, leads=True),
    )
    START_CHANGED = "start-changed", Traits(has_evening=False, delay=Delay.CHANGE, needs_news=True)
    INVITATION = "invitation", Traits(until_start=True, is_question=True, is_reissued=True)
    TICKET_ISSUED = "ticket-issued", _TICKET
    TICKET_PROMOTED = "ticket-promoted", _TICKET
    TICKET_RECEIVED = "ticket-received", _TICKET
    TICKET_WAITLISTED = (
        "ticket-waitlisted",
        Traits(
            delay=Delay.TICKET,
            bundle=Bundle.ARRIVAL,
            statuses=frozenset({TicketStatus.WAITLISTED}),
            is_reissued=True,
        ),
    )
    TICKET_OFFERED = (
        "ticket-offered",
        Traits(statuses=_ISSUED | {None}, until_start=True, is_question=True, is_reissued=True),
    )
    TICKET_DECLINED = "ticket-declined", _GIVEN_UP
    TICKET_PASSED_ON = "ticket-passed-on", _GIVEN_UP
    TICKET_CANCELLED = (
        "ticket-cancelled",
        Traits(
            delay=Delay.TICKET,
            bundle_if_withdrawn=Bundle.DEPARTURE,
            calendar=CalendarEffect.REMOVE,
            statuses=_CANCELLED,
            is_ending=True,
        ),
    )
    EVENING_CHANGED = (
        "evening-changed",
        Traits(
            delay=Delay.CHANGE,
            calendar=CalendarEffect.UPDATE,
            statuses=frozenset({TicketStatus.ISSUED, TicketStatus.WAITLISTED}),
            needs_news=True,
        ),
    )
    EVENING_CANCELLED = (
        "evening-cancelled",
        Traits(delay=Delay.TICKET, calendar=CalendarEffect.REMOVE, statuses=_CANCELLED, is_ending=True),
    )
    REMINDER_WEEK = "reminder-week", Traits(days_before=7, statuses=_ISSUED, is_optional=True)
    REMINDER_DAY = "reminder-day", Traits(days_before=1, statuses=_ISSUED, is_optional=True)
    GOODBYE = (
        "goodbye",
        Traits(has_evening=False, delay=Delay.TICKET, bundle=Bundle.DEPARTURE, is_ending=True, leads=True),
    )
    DIGEST = "digest", Traits(has_evening=False, is_optional=True, needs_news=True)

    def __new__(cls, value: str, traits: Traits = _DEFAULT) -> Self:
        """Makes the member of this value, with its traits."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.traits = traits
        return member


class State(StrEnum):
    """The life of a letter: planned, sending, sent; or failed (refused for good), or suppressed (not to be sent)."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Suppression(StrEnum):
    """The reason why a letter is not sent; `description` says it to operators."""

    description: str

    ADMITTED = "admitted", "the guest is in already"
    ALREADY_COVERED = "already-told", "another letter tells it, or told it"
    ERASED = "erased", "the addressee was erased"
    EVENING_CANCELLED = "evening-cancelled", "the evening is cancelled"
    ADDRESS_CHANGED = "moved", "it was for another address than the addressee has now"
    NEVER_NOTIFIED = "never-told", "the addressee was never told what this would take back or change"
    NOTHING_NEW = "nothing-happened", "there is nothing to tell"
    NO_ADDRESS = "no-address", "there is no address to write to"
    SUPERSEDED = "overtaken", "things have moved on since"
    TICKET_CANCELLED = "ticket-cancelled", "the ticket is cancelled"
    TOO_LATE = "too-late", "the moment for it has passed"
    UNREADABLE = "unreadable", "another release wrote it in a form that this one cannot read"
    UNSUBSCRIBED = "unsubscribed", "the addressee has switched such letters off"
    WITHDRAWN = "withdrawn", "the addressee no longer takes part"

    def __new__(cls, value: str, description: str = "") -> Self:
        """Makes the member of this value, with its description."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member


TICKETS = frozenset(kind for kind in Kind if kind.traits.calendar is CalendarEffect.ADD)
REMINDERS = frozenset(kind for kind in Kind if kind.traits.days_before is not None)
ENDINGS = frozenset(kind for kind in Kind if kind.traits.is_ending)
OPTIONAL = frozenset(kind for kind in Kind if kind.traits.is_optional)
QUESTIONS = frozenset(kind for kind in Kind if kind.traits.is_question)
REISSUED = frozenset(kind for kind in Kind if kind.traits.is_reissued)
# The letters about somebody's own participation.
ENROLMENT = frozenset({Kind.WELCOME, Kind.START_CHANGED, Kind.GOODBYE})


def bundle_of(kind: Kind, reason: str | None = None) -> Bundle | None:
    """Returns the bundle of a letter; `reason` is the contract's reason of a cancellation."""
    return (kind.traits.bundle_if_withdrawn if reason == "withdrawn" else None) or kind.traits.bundle


def template_of(kinds: Collection[Kind]) -> str:
    """Returns the template folder of a mail of these letters: that of its only or leading one, or one for several."""
    if len(kinds) == 1:
        [kind] = kinds
        return str(kind)
    return next((str(kind) for kind in kinds if kind.traits.leads), "tickets")
