"""The view of a personal page: its state and actions, decided from the facts and the moment alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticketing.domain.refusals import RefusalCode
from ticketing.domain.tickets import TicketState
from ticketing.store.personal_pages import PageFacts


class PageState(StrEnum):
    """The state that somebody is in with regard to an evening."""

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


class PageAction(StrEnum):
    """An action that somebody can take; the last part of the address it is posted to."""

    COME = "come"
    DECLINE = "decline"
    PASS_ON = "pass-on"  # noqa: S105 - no word that lets anybody pass
    TAKE_BACK = "take-back"
    ACCEPT = "accept"
    REFUSE = "refuse"


class PageNotice(StrEnum):
    """A notice of what somebody just did, passed to the next page in its address."""

    ASKED = "asked"
    DECLINED = "declined"
    OFFERED = "offered"
    TAKEN_BACK = "taken-back"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ActionFailure:
    """The reason why an action had no effect: it was refused, or a `field` of its form was missing or malformed.

    `address` is the colleague's as it was typed, so that it need not be typed again.
    """

    action: PageAction
    refusal: RefusalCode | None = None
    field: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class PageView:
    """The view of a page. `why` when the last decision explains the state; `closed` is about the waiting list."""

    state: PageState
    actions: frozenset[PageAction]
    notice: PageNotice | None
    why: bool
    closed: bool
    over: bool


_SEATED = (TicketState.ISSUED, TicketState.ADMITTED)
# A page that is opened again later still has the notice in its address: it is shown where it still holds.
_NOTICE_HOLDS = {
    PageNotice.ASKED: (PageState.TICKET, PageState.WAITING),
    PageNotice.DECLINED: (PageState.DECLINED,),
    PageNotice.OFFERED: (PageState.TICKET,),
    PageNotice.TAKEN_BACK: (PageState.TICKET,),
    PageNotice.ACCEPTED: (PageState.TICKET,),
    PageNotice.REFUSED: (PageState.INVITED, PageState.WAITING, PageState.DECLINED, PageState.PASSED_ON, PageState.LOST),
}
_EXPLAINED = (PageState.WAITING, PageState.TICKET, PageState.LOST, PageState.NOT_ACTIVE, PageState.MISSED)


def view(facts: PageFacts, now: datetime, notice: PageNotice | None = None) -> PageView:
    """Returns the view at this moment, after the action of `notice` if there was one."""
    state = _state(facts, now)
    return PageView(
        state=state,
        actions=_actions(facts, now, state),
        notice=notice if notice and _holds(notice, state, facts) else None,
        why=facts.decision is not None and state in _EXPLAINED,
        closed=now >= facts.evening.closes_at,
        over=now >= facts.evening.ends_at,
    )


def _state(facts: PageFacts, now: datetime) -> PageState:
    if facts.cancelled:
        return PageState.CANCELLED
    begun, over = now >= facts.evening.starts_at, now >= facts.evening.ends_at
    match facts.place.state if facts.place else None:
        case TicketState.ADMITTED:
            return PageState.ADMITTED
        case TicketState.ISSUED:
            return PageState.OVER if over else PageState.TICKET
        case TicketState.WAITING:
            return PageState.MISSED if begun else PageState.WAITING
    state = _without_place(facts)
    if state is PageState.INVITED and begun:
        return PageState.OVER if over else PageState.BEGUN
    return state


def _without_place(facts: PageFacts) -> PageState:
    """The state of somebody who has neither a ticket nor a waiting place, on an evening that takes place."""
    if not facts.active:
        return PageState.NOT_ACTIVE
    reason = facts.place.reason if facts.place else None
    # An invitation under the present enrolment is younger than what became of a place under the one before.
    if facts.seat_request == "invited":
        return PageState.INVITED
    if reason == "passed-on":
        return PageState.PASSED_ON
    if reason == "declined" or facts.seat_request == "declined":
        return PageState.DECLINED
    return PageState.LOST if reason else PageState.INVITED


def _actions(facts: PageFacts, now: datetime, state: PageState) -> frozenset[PageAction]:
    if facts.cancelled or now >= facts.evening.starts_at:
        return frozenset()
    actions = set()
    # Nobody needs to leave a waiting list that has closed.
    if state is PageState.WAITING and now < facts.evening.closes_at:
        actions.add(PageAction.DECLINE)
    if state is PageState.TICKET:
        actions |= {PageAction.DECLINE, PageAction.TAKE_BACK if facts.offer_made else PageAction.PASS_ON}
    if facts.active and state in (PageState.INVITED, PageState.DECLINED, PageState.PASSED_ON, PageState.LOST):
        actions.add(PageAction.COME)
    if facts.offer_received and facts.active and state is not PageState.TICKET and state is not PageState.ADMITTED:
        actions |= {PageAction.ACCEPT, PageAction.REFUSE}
    return frozenset(actions)


def _holds(notice: PageNotice, state: PageState, facts: PageFacts) -> bool:
    if notice is PageNotice.OFFERED and facts.offer_made is None:
        return False
    if notice is PageNotice.TAKEN_BACK and facts.offer_made is not None:
        return False
    if notice is PageNotice.REFUSED and facts.offer_received is not None:
        return False
    return state in _NOTICE_HOLDS[notice]
