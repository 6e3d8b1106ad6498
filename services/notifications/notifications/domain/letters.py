"""Which letter the news calls for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

# Never change it: the identity of every letter ever sent, and with it its Message-ID, comes from here.
_NAMESPACE = UUID("6f1d4a5e-52d9-4b0c-9c55-0c7c1f8a3e21")


class Kind(StrEnum):
    """The letters there are; each has a folder of templates by this name."""

    TICKET_ISSUED = "ticket-issued"
    TICKET_WAITLISTED = "ticket-waitlisted"
    TICKET_CANCELLED = "ticket-cancelled"
    TICKET_OFFERED = "ticket-offered"
    INVITATION = "invitation"


class State(StrEnum):
    """The life of a letter: planned, sending, sent; or failed (refused for good), or suppressed (not to be sent)."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Suppression(StrEnum):
    """Why a letter is not sent."""

    OVERTAKEN = "overtaken"
    TICKET_CANCELLED = "ticket-cancelled"
    EVENING_CANCELLED = "evening-cancelled"
    NEVER_TOLD = "never-told"
    ERASED = "erased"


class Standing(StrEnum):
    """Where a ticket stands."""

    ISSUED = "issued"
    WAITLISTED = "waitlisted"
    CANCELLED = "cancelled"


_LETTER_FOR = {
    Standing.ISSUED: Kind.TICKET_ISSUED,
    Standing.WAITLISTED: Kind.TICKET_WAITLISTED,
    Standing.CANCELLED: Kind.TICKET_CANCELLED,
}


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is known of a ticket before the news: its version, where it stood, the states of its letters to its holder.

    `holder_erased` is true when everything about its holder had to go.
    """

    version: int = 0
    standing: Standing | None = None
    letters: Sequence[State] = ()
    holder_erased: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about a ticket's letters.

    `plan` is the letter to write, `stillborn` the reason why it is only recorded and never sent, `overtaken` the
    reason for which the letters of this ticket that have not been sent are dropped; offers of it only when it is
    cancelled.
    """

    plan: Kind | None = None
    stillborn: Suppression | None = None
    overtaken: Suppression | None = None


def decide(known: KnownTicket, version: int, standing: Standing, reason: str | None = None) -> Decision | None:
    """The decision on a ticket that now stands at `standing`; None when this version was passed already.

    `reason` is the contract's reason of a cancellation. A ticket that stays where it was (another place in the
    line) calls for no further letter: one that is still to be sent takes the new place with it.
    """
    if version <= known.version:
        return None
    if standing == known.standing:
        return Decision()
    overtaken = Suppression.TICKET_CANCELLED if standing is Standing.CANCELLED else Suppression.OVERTAKEN
    return Decision(_LETTER_FOR[standing], _stillborn(known, standing, reason), overtaken)


def _stillborn(known: KnownTicket, standing: Standing, reason: str | None) -> Suppression | None:
    """Nothing goes to somebody who was erased, and no cancellation to somebody who never heard of the ticket."""
    if known.holder_erased or reason == "erased":
        return Suppression.ERASED
    if standing is not Standing.CANCELLED:
        return None
    told = any(state in (State.SENDING, State.SENT) for state in known.letters)
    return None if told else Suppression.NEVER_TOLD


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
    """The identity of a letter of a ticket: the same news makes the same letter, on every replica, in every replay."""
    return uuid5(_NAMESPACE, f"{participant_id}/{evening_id}/{kind}/{ticket_id}/{ticket_version}")


def offer_letter_id(offer_id: UUID) -> UUID:
    """The identity of the letter about an offer: one, however often and in whatever events the offer is told."""
    return uuid5(_NAMESPACE, f"{Kind.TICKET_OFFERED}/{offer_id}")


def invitation_letter_id(event_id: str) -> UUID:
    """The identity of the letter about an invitation, which has no id but that of its event (`ce-id`)."""
    return uuid5(_NAMESPACE, f"{Kind.INVITATION}/{event_id}")
