"""What a personal page shows, and what can be done on it; pure, from the facts and the moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticketing.domain.refusals import Refusal
from ticketing.domain.tickets import TicketState
from ticketing.store.personal_pages import PageFacts


class State(StrEnum):
    """How somebody stands with an evening."""

    INVITED = "invited"
    WAITING = "waiting"
    TICKET = "ticket"
    ADMITTED = "admitted"
    DECLINED = "declined"
    PASSED_ON = "passed-on"
    # The place was lost in another way; the decision says why.
    LOST = "lost"
    NOT_ACTIVE = "not-active"
    # The evening began while they waited.
    MISSED = "missed"
    BEGUN = "begun"
    OVER = "over"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What somebody can do; the last part of the address it is posted to."""

    COME = "come"
    DECLINE = "decline"
    PASS_ON = "pass-on"  # noqa: S105 - no word that lets anybody pass
    TAKE_BACK = "take-back"
    ACCEPT = "accept"
    REFUSE = "refuse"


class Notice(StrEnum):
    """What somebody just did, as the address tells it to the next page."""

    ASKED = "asked"
    DECLINED = "declined"
    OFFERED = "offered"
    TAKEN_BACK = "taken-back"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an action had no effect: it was refused, or a `field` of its form was missing or malformed.

    `address` is the colleague's as it was typed, so that it need not be typed again.
    """

    action: Action
    refusal: Refusal | None = None
    field: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What is shown. `why` tells whether the last decision explains the state; `closed` is about the waiting list."""

    state: State
    actions: frozenset[Action]
    notice: Notice | None
    why: bool
    closed: bool
    over: bool


_SEATED = (TicketState.ISSUED, TicketState.ADMITTED)
# A page that is opened again later still has the notice in its address: it is shown where it still holds.
_NOTICE_HOLDS = {
    Notice.ASKED: (State.TICKET, State.WAITING),
    Notice.DECLINED: (State.DECLINED,),
    Notice.OFFERED: (State.TICKET,),
    Notice.TAKEN_BACK: (State.TICKET,),
    Notice.ACCEPTED: (State.TICKET,),
    Notice.REFUSED: (State.INVITED, State.WAITING, State.DECLINED, State.PASSED_ON, State.LOST),
}
_EXPLAINED = (State.WAITING, State.TICKET, State.LOST, State.NOT_ACTIVE, State.MISSED)


def view(facts: PageFacts, now: datetime, notice: Notice | None = None) -> View:
    """What the page shows at this moment, after the action of `notice` if there was one."""
    state = _state(facts, now)
    return View(
        state=state,
        actions=_actions(facts, now, state),
        notice=notice if notice and _holds(notice, state, facts) else None,
        why=facts.decision is not None and state in _EXPLAINED,
        closed=now >= facts.evening.closes_at,
        over=now >= facts.evening.ends_at,
    )


def _state(facts: PageFacts, now: datetime) -> State:
    if facts.cancelled:
        return State.CANCELLED
    begun, over = now >= facts.evening.starts_at, now >= facts.evening.ends_at
    match facts.place.state if facts.place else None:
        case TicketState.ADMITTED:
            return State.ADMITTED
        case TicketState.ISSUED:
            return State.OVER if over else State.TICKET
        case TicketState.WAITING:
            return State.MISSED if begun else State.WAITING
    state = _without_place(facts)
    if state is State.INVITED and begun:
        return State.OVER if over else State.BEGUN
    return state


def _without_place(facts: PageFacts) -> State:
    """The state of somebody who has neither a ticket nor a waiting place, on an evening that takes place."""
    if not facts.active:
        return State.NOT_ACTIVE
    reason = facts.place.reason if facts.place else None
    # An invitation under the present enrolment is younger than what became of a place under the one before.
    if facts.wish == "invited":
        return State.INVITED
    if reason == "passed-on":
        return State.PASSED_ON
    if reason == "declined" or facts.wish == "declined":
        return State.DECLINED
    return State.LOST if reason else State.INVITED


def _actions(facts: PageFacts, now: datetime, state: State) -> frozenset[Action]:
    if facts.cancelled or now >= facts.evening.starts_at:
        return frozenset()
    actions = set()
    # A line that has closed needs no leaving.
    if state is State.WAITING and now < facts.evening.closes_at:
        actions.add(Action.DECLINE)
    if state is State.TICKET:
        actions |= {Action.DECLINE, Action.TAKE_BACK if facts.offer_made else Action.PASS_ON}
    if facts.active and state in (State.INVITED, State.DECLINED, State.PASSED_ON, State.LOST):
        actions.add(Action.COME)
    if facts.offer_received and facts.active and state is not State.TICKET and state is not State.ADMITTED:
        actions |= {Action.ACCEPT, Action.REFUSE}
    return frozenset(actions)


def _holds(notice: Notice, state: State, facts: PageFacts) -> bool:
    if notice is Notice.OFFERED and facts.offer_made is None:
        return False
    if notice is Notice.TAKEN_BACK and facts.offer_made is not None:
        return False
    if notice is Notice.REFUSED and facts.offer_received is not None:
        return False
    return state in _NOTICE_HOLDS[notice]
