"""Which letters the news calls for, or why none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID, uuid5

from notifications.domain.kinds import REMINDERS, Kind, State, Suppression

# Never change it: the identity of every letter ever sent, and with it its Message-ID, comes from here.
_NAMESPACE = UUID("6f1d4a5e-52d9-4b0c-9c55-0c7c1f8a3e21")


class Standing(StrEnum):
    """Where a ticket stands."""

    ISSUED = "issued"
    WAITLISTED = "waitlisted"
    ADMITTED = "admitted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class KnownLetter:
    """A letter that was planned before. `written` when it may have arrived, whatever its state."""

    kind: Kind
    state: State
    written: bool = False

    @property
    def told(self) -> bool:
        """True when its addressee may have read it."""
        return self.written or self.state in (State.SENDING, State.SENT)


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is known of a ticket before the news: its version, where it stood, its link, its letters to its holder.

    `holder_erased` is true when everything about its holder had to go.
    """

    version: int = 0
    standing: Standing | None = None
    letters: Sequence[KnownLetter] = ()
    holder_erased: bool = False
    link: str | None = None

    @property
    def told(self) -> bool:
        """True when its holder may have heard of it."""
        return any(letter.told for letter in self.letters)


@dataclass(frozen=True, slots=True)
class TicketTurn:
    """Where a ticket stands now, as of a version.

    `reason` is the contract's reason of a cancellation; `passed_on` is true for a ticket that a colleague gave.
    """

    version: int
    standing: Standing
    reason: str | None = None
    passed_on: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class KnownTerm:
    """What is known of a participation before the news: its version, whether it holds (None: not known), whether its
    participant was ever written to or is about to be, and whether they were erased.
    """

    version: int = 0
    enrolled: bool | None = None
    told: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A letter to write; with a reason in `stillborn` it is only recorded, and never sent."""

    kind: Kind
    stillborn: Suppression | None = None


class Dropped(StrEnum):
    """Which letters of a ticket are dropped that have not been sent."""

    ALL = "all"  # offers of it to colleagues as well
    OWN = "own"  # those to its holder
    REMINDERS = "reminders"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done: letters to plan, and which unsent ones are dropped for which reason."""

    plans: Sequence[Plan] = ()
    dropped: Dropped | None = None
    because: Suppression | None = None


_ENDING = {
    "declined": Kind.TICKET_DECLINED,
    "passed-on": Kind.TICKET_PASSED_ON,
    "evening-cancelled": Kind.EVENING_CANCELLED,
}
_BY_ONESELF = ("declined", "passed-on")


def decide(known: KnownTicket, news: TicketTurn) -> Decision | None:
    """The decision on a ticket; None when this version was passed already.

    A ticket that stays where it was (another place in the line) calls for no further letter: one that is still to be
    sent takes the new place with it.
    """
    if news.version <= known.version:
        return None
    kind = _kind_of(known, news)
    if kind is None:
        return Decision(dropped=Dropped.REMINDERS, because=Suppression.ADMITTED)
    if is_told_anew(known, news):
        return Decision(
            [Plan(kind), *map(Plan, sorted(REMINDERS) if news.standing is Standing.ISSUED else ())],
            Dropped.OWN,
            Suppression.OVERTAKEN,
        )
    if news.standing is known.standing:
        return Decision([Plan(kind, Suppression.ALREADY_TOLD)])
    plans = [Plan(kind, _stillborn(known, news))]
    if news.standing is Standing.ISSUED and not known.holder_erased:
        plans += [Plan(reminder) for reminder in sorted(REMINDERS)]
    if news.standing is Standing.CANCELLED:
        return Decision(plans, Dropped.ALL, Suppression.TICKET_CANCELLED)
    return Decision(plans, Dropped.OWN, Suppression.OVERTAKEN)


def is_told_anew(known: KnownTicket, news: TicketTurn) -> bool:
    """Whether the ticket stays where it was and has another link: what its holder's old address was told is void."""
    stays = news.standing is known.standing and news.standing in (Standing.ISSUED, Standing.WAITLISTED)
    return stays and known.link is not None and known.link != news.link and not known.holder_erased


def _kind_of(known: KnownTicket, news: TicketTurn) -> Kind | None:
    if is_told_anew(known, news) and news.standing is Standing.ISSUED:
        return Kind.TICKET_ISSUED
    match news.standing:
        case Standing.ADMITTED:
            return None
        case Standing.CANCELLED:
            return _ENDING.get(news.reason or "", Kind.TICKET_CANCELLED)
        case Standing.WAITLISTED:
            return Kind.TICKET_WAITLISTED
        case Standing.ISSUED if news.passed_on:
            return Kind.TICKET_RECEIVED
        case Standing.ISSUED:
            waited = any(letter.kind is Kind.TICKET_WAITLISTED and letter.told for letter in known.letters)
            return Kind.TICKET_PROMOTED if waited else Kind.TICKET_ISSUED


def _stillborn(known: KnownTicket, news: TicketTurn) -> Suppression | None:
    """Nothing goes to somebody who was erased, and no cancellation to somebody who never heard of the ticket."""
    if known.holder_erased or news.reason == "erased":
        return Suppression.ERASED
    if news.standing is not Standing.CANCELLED or known.told:
        return None
    # Who gave the ticket up wants to see that it worked, however they had heard of it.
    acted = news.reason in _BY_ONESELF and known.standing is not None
    return None if acted else Suppression.NEVER_TOLD


def on_enrolment(known: KnownTerm, version: int) -> Decision | None:
    """Somebody takes part, for the first time or again; None when this version was passed already."""
    if version <= known.version:
        return None
    if known.erased:
        return Decision([Plan(Kind.WELCOME, Suppression.ERASED)])
    if known.enrolled:
        return Decision([Plan(Kind.WELCOME, Suppression.ALREADY_TOLD)])
    return Decision([Plan(Kind.WELCOME)], Dropped.OWN, Suppression.OVERTAKEN)


def on_withdrawal(known: KnownTerm, version: int) -> Decision | None:
    """Somebody leaves; who was never welcomed gets no farewell. None when this version was passed already."""
    if version <= known.version:
        return None
    if known.erased:
        return Decision([Plan(Kind.GOODBYE, Suppression.ERASED)])
    if known.enrolled is False:
        return Decision([Plan(Kind.GOODBYE, Suppression.ALREADY_TOLD)])
    farewell = Plan(Kind.GOODBYE, None if known.told else Suppression.NEVER_TOLD)
    return Decision([farewell], Dropped.OWN, Suppression.WITHDRAWN)


def on_start(old: date | None, new: date | None, today: date, letters: Collection[KnownLetter]) -> Plan | None:
    """Somebody's first day is another one than before, None when nobody has to hear of it; `letters` are their welcomes
    and those about their first day.

    A welcome that is still to be written tells it, and what has passed is no news.
    """
    if not is_another_start(old, new, today) or not any(each.kind is Kind.WELCOME and each.told for each in letters):
        return None
    pending = any(
        each.kind is Kind.START_CHANGED and each.state is State.PLANNED and not each.written for each in letters
    )
    return Plan(Kind.START_CHANGED, Suppression.ALREADY_TOLD if pending else None)


def is_another_start(old: date | None, new: date | None, today: date) -> bool:
    """Whether it makes a difference to somebody today when they begin; None is whenever, as is a day that has come."""
    return max(old or today, today) != max(new or today, today)


def on_change(letters: Collection[KnownLetter]) -> Plan:
    """An evening changed in something that its guests should know; `letters` are those to one of them about it.

    One that is still to be written tells this change as well.
    """
    pending = any(
        letter.kind is Kind.EVENING_CHANGED and letter.state is State.PLANNED and not letter.written
        for letter in letters
    )
    return Plan(Kind.EVENING_CHANGED, Suppression.ALREADY_TOLD if pending else None)


def on_cancellation(*, told: bool) -> Plan:
    """An evening does not take place that somebody was invited to and did not ask for; `told` when they may know."""
    return Plan(Kind.EVENING_CANCELLED, None if told else Suppression.NEVER_TOLD)


def offer_stillborn(ticket: KnownTicket, *, asked_erased: bool) -> Suppression | None:
    """Why the offer of this ticket to a colleague is only recorded, None when it is to be sent.

    `asked_erased` is true when everything about the colleague had to go.
    """
    if asked_erased:
        return Suppression.ERASED
    return Suppression.TICKET_CANCELLED if ticket.standing is Standing.CANCELLED else None


def invitation_stillborn(*, invited_erased: bool, evening_cancelled: bool) -> Suppression | None:
    """Why an invitation is only recorded, None when it is to be sent."""
    if invited_erased:
        return Suppression.ERASED
    return Suppression.EVENING_CANCELLED if evening_cancelled else None


def letter_id(participant_id: UUID, evening_id: UUID, kind: Kind, ticket_id: UUID, ticket_version: int) -> UUID:
    """The identity of a letter of a ticket: the same news makes the same letter, on every replica, in every replay.

    There is one reminder of a kind per participant and evening, whatever became of their tickets meanwhile.
    """
    if kind in REMINDERS:
        return uuid5(_NAMESPACE, f"{participant_id}/{evening_id}/{kind}")
    return uuid5(_NAMESPACE, f"{participant_id}/{evening_id}/{kind}/{ticket_id}/{ticket_version}")


def term_letter_id(participant_id: UUID, kind: Kind, version: int) -> UUID:
    """The identity of a welcome or a farewell, by the version of the participant that calls for it."""
    return uuid5(_NAMESPACE, f"{participant_id}/{kind}/{version}")


def change_letter_id(participant_id: UUID, evening_id: UUID, evening_version: int) -> UUID:
    """The identity of the letter about a change, by the version of the evening that calls for it."""
    return uuid5(_NAMESPACE, f"{participant_id}/{evening_id}/{Kind.EVENING_CHANGED}/{evening_version}")


def cancellation_letter_id(participant_id: UUID, evening_id: UUID) -> UUID:
    """The identity of the letter to somebody invited about the end of an evening, which has only one."""
    return uuid5(_NAMESPACE, f"{participant_id}/{evening_id}/{Kind.EVENING_CANCELLED}")


def offer_letter_id(offer_id: UUID) -> UUID:
    """The identity of the letter about an offer: one, however often and in whatever events the offer is told."""
    return uuid5(_NAMESPACE, f"{Kind.TICKET_OFFERED}/{offer_id}")


def offer_again_letter_id(offer_id: UUID, link: str) -> UUID:
    """The identity of the letter about an offer that was told with another link before, to another address."""
    return uuid5(_NAMESPACE, f"{Kind.TICKET_OFFERED}/{offer_id}/{link}")


def moved_letter_id(participant_id: UUID, kind: Kind, version: int, of: UUID | None = None) -> UUID:
    """The identity of a letter once more, by the version of the participant that brought another address."""
    return uuid5(_NAMESPACE, f"{participant_id}/{kind}/moved/{version}/{of}")


def invitation_letter_id(event_id: str) -> UUID:
    """The identity of the letter about an invitation, which has no id but that of its event (`ce-id`)."""
    return uuid5(_NAMESPACE, f"{Kind.INVITATION}/{event_id}")


def digest_letter_id(partner: str, first_day: date) -> UUID:
    """The identity of a partner's weekly digest, by the Monday of the week it is about."""
    return uuid5(_NAMESPACE, f"{Kind.DIGEST}/{partner}/{first_day.isoformat()}")
