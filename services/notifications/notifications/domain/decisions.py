"""The letters that an event calls for, or the reason why there are none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from culture_connect.contracts import Evening
from notifications.domain.catalogue import REMINDERS, Kind, State, Suppression, TicketStatus


@dataclass(frozen=True, slots=True)
class KnownLetter:
    """A letter that was planned before. `written` when it may have arrived, whatever its state."""

    kind: Kind
    state: State
    written: bool = False

    @property
    def may_be_read(self) -> bool:
        """Returns whether its addressee may have read it."""
        return self.written or self.state in (State.SENDING, State.SENT)

    @property
    def is_unwritten(self) -> bool:
        """Returns whether it is still to be written, and so will hold what is known by then."""
        return self.state is State.PLANNED and not self.written


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """A ticket as it was before an update: its version, status, link, and the letters to its holder.

    `holder_erased` is true when everything about its holder had to go.
    """

    version: int = 0
    status: TicketStatus | None = None
    letters: Sequence[KnownLetter] = ()
    holder_erased: bool = False
    link: str | None = None

    @property
    def notified(self) -> bool:
        """Returns whether its holder may have heard of it."""
        return any(letter.may_be_read for letter in self.letters)


@dataclass(frozen=True, slots=True)
class TicketUpdate:
    """The status of a ticket as of a version.

    `reason` is the contract's reason of a cancellation; `transferred` is true for a ticket that a colleague gave.
    """

    version: int
    status: TicketStatus
    reason: str | None = None
    transferred: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEnrolment:
    """A participation as it was before an event.

    `enrolled` is None while that is not known, `notified` true when its participant was written to or is about to be.
    """

    version: int = 0
    enrolled: bool | None = None
    notified: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class PlannedLetter:
    """A letter to write; with a reason in `suppressed` it is only recorded, and never sent."""

    kind: Kind
    suppressed: Suppression | None = None


class SuppressionScope(StrEnum):
    """The unsent letters of a ticket that are suppressed."""

    ALL = "all"  # offers of it to colleagues as well
    OWN = "own"  # those to its holder
    REMINDERS = "reminders"


@dataclass(frozen=True, slots=True)
class LetterDecision:
    """Letters to plan, and the unsent ones that are suppressed with their reason."""

    plans: Sequence[PlannedLetter] = ()
    scope: SuppressionScope | None = None
    reason: Suppression | None = None


_ENDING = {
    "declined": Kind.TICKET_DECLINED,
    "passed-on": Kind.TICKET_PASSED_ON,
    "evening-cancelled": Kind.EVENING_CANCELLED,
}
_BY_HOLDER = ("declined", "passed-on")

# Seats, release and closing show in what happens to tickets; guests need not hear of them.
_GUESTS_NEED = ("title", "theme", "starts_at", "ends_at", "venue", "location", "programme")


def decide_on_ticket(known: KnownTicket, update: TicketUpdate) -> LetterDecision | None:
    """Returns the decision on a ticket; None for a version that is known already.

    A ticket whose status stays (it has another place on the waiting list) calls for no further letter: one that is
    still to be sent takes the new place with it.
    """
    if update.version <= known.version:
        return None
    kind = _kind_of(known, update)
    if kind is None:
        return LetterDecision(scope=SuppressionScope.REMINDERS, reason=Suppression.ADMITTED)
    reissued = is_reissued(known, update)
    if update.status is known.status and not reissued:
        return LetterDecision([PlannedLetter(kind, Suppression.ALREADY_COVERED)])
    plans = [PlannedLetter(kind, None if reissued else _suppression(known, update))]
    if update.status is TicketStatus.ISSUED and not known.holder_erased:
        plans += [PlannedLetter(reminder) for reminder in sorted(REMINDERS)]
    if update.status is TicketStatus.CANCELLED:
        return LetterDecision(plans, SuppressionScope.ALL, Suppression.TICKET_CANCELLED)
    return LetterDecision(plans, SuppressionScope.OWN, Suppression.SUPERSEDED)


def is_reissued(known: KnownTicket, update: TicketUpdate) -> bool:
    """Returns whether only the link of the ticket is another one: then letters to its holder's old address are void."""
    stays = update.status is known.status and update.status in (TicketStatus.ISSUED, TicketStatus.WAITLISTED)
    return stays and known.link is not None and known.link != update.link and not known.holder_erased


def _kind_of(known: KnownTicket, update: TicketUpdate) -> Kind | None:
    if is_reissued(known, update) and update.status is TicketStatus.ISSUED:
        return Kind.TICKET_ISSUED
    match update.status:
        case TicketStatus.ADMITTED:
            return None
        case TicketStatus.CANCELLED:
            return _ENDING.get(update.reason or "", Kind.TICKET_CANCELLED)
        case TicketStatus.WAITLISTED:
            return Kind.TICKET_WAITLISTED
        case TicketStatus.ISSUED if update.transferred:
            return Kind.TICKET_RECEIVED
        case TicketStatus.ISSUED:
            waited = any(each.kind is Kind.TICKET_WAITLISTED and each.may_be_read for each in known.letters)
            return Kind.TICKET_PROMOTED if waited else Kind.TICKET_ISSUED


def _suppression(known: KnownTicket, update: TicketUpdate) -> Suppression | None:
    """Nothing goes to somebody who was erased, and no cancellation to somebody who never heard of the ticket."""
    if known.holder_erased or update.reason == "erased":
        return Suppression.ERASED
    if update.status is not TicketStatus.CANCELLED or known.notified:
        return None
    # Holders who gave the ticket up want to see that it worked, however they had heard of it.
    acted = update.reason in _BY_HOLDER and known.status is not None
    return None if acted else Suppression.NEVER_NOTIFIED


def decide_on_enrolment(known: KnownEnrolment, version: int) -> LetterDecision | None:
    """Returns the decision when somebody takes part, for the first time or again; None for a known version."""
    if version <= known.version:
        return None
    if known.erased:
        return LetterDecision([PlannedLetter(Kind.WELCOME, Suppression.ERASED)])
    if known.enrolled:
        return LetterDecision([PlannedLetter(Kind.WELCOME, Suppression.ALREADY_COVERED)])
    return LetterDecision([PlannedLetter(Kind.WELCOME)], SuppressionScope.OWN, Suppression.SUPERSEDED)


def decide_on_withdrawal(known: KnownEnrolment, version: int) -> LetterDecision | None:
    """Returns the decision when somebody leaves; None for a known version. No goodbye goes without a letter before."""
    if version <= known.version:
        return None
    if known.erased:
        return LetterDecision([PlannedLetter(Kind.GOODBYE, Suppression.ERASED)])
    if known.enrolled is False:
        return LetterDecision([PlannedLetter(Kind.GOODBYE, Suppression.ALREADY_COVERED)])
    goodbye = PlannedLetter(Kind.GOODBYE, None if known.notified else Suppression.NEVER_NOTIFIED)
    return LetterDecision([goodbye], SuppressionScope.OWN, Suppression.WITHDRAWN)


def plan_start_change(
    old: date | None, new: date | None, today: date, letters: Collection[KnownLetter]
) -> PlannedLetter | None:
    """Returns the letter about another first day; None when its participant need not hear of it.

    `letters` are their welcomes and those about their first day. A welcome that is still to be written has the new day.
    """
    welcomed = any(each.kind is Kind.WELCOME and each.may_be_read for each in letters)
    return _plan_once(Kind.START_CHANGED, letters) if welcomed and start_differs(old, new, today) else None


def start_differs(old: date | None, new: date | None, today: date) -> bool:
    """Returns whether another first day matters today; None is any day, as is a day that has come."""
    return max(old or today, today) != max(new or today, today)


def material_changes(before: Evening, now: Evening) -> frozenset[str]:
    """Returns the names of the fields that differ and that guests should hear of."""
    return frozenset(name for name in _GUESTS_NEED if getattr(before, name) != getattr(now, name))


def plan_evening_change(letters: Collection[KnownLetter]) -> PlannedLetter:
    """Returns the letter about a change of an evening; `letters` are those to its addressee about that evening."""
    return _plan_once(Kind.EVENING_CHANGED, letters)


def _plan_once(kind: Kind, letters: Collection[KnownLetter]) -> PlannedLetter:
    """A letter of this kind that is still to be written covers this change as well."""
    pending = any(letter.kind is kind and letter.is_unwritten for letter in letters)
    return PlannedLetter(kind, Suppression.ALREADY_COVERED if pending else None)


def plan_cancellation(*, notified: bool) -> PlannedLetter:
    """Returns the letter about a cancelled evening to somebody invited; `notified` when they may know of it."""
    return PlannedLetter(Kind.EVENING_CANCELLED, None if notified else Suppression.NEVER_NOTIFIED)


def offer_suppression(ticket: KnownTicket, *, colleague_erased: bool) -> Suppression | None:
    """Returns why the offer of this ticket to a colleague is only recorded, None when it is to be sent."""
    if colleague_erased:
        return Suppression.ERASED
    return Suppression.TICKET_CANCELLED if ticket.status is TicketStatus.CANCELLED else None


def invitation_suppression(*, invited_erased: bool, evening_cancelled: bool) -> Suppression | None:
    """Returns why an invitation is only recorded, None when it is to be sent."""
    if invited_erased:
        return Suppression.ERASED
    return Suppression.EVENING_CANCELLED if evening_cancelled else None
