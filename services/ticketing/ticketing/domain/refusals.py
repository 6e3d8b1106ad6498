"""Refusals of what a person, or somebody for them, requests."""

from enum import StrEnum


class RefusalCode(StrEnum):
    """The reason why nothing was done; stable codes, whose sentences are in `pages.explanations`."""

    UNKNOWN_EVENING = "unknown-evening"
    UNKNOWN_TICKET = "unknown-ticket"
    UNKNOWN_PARTICIPANT = "unknown-participant"
    UNKNOWN_OFFER = "unknown-offer"
    NOT_YOURS = "not-yours"
    EVENING_CANCELLED = "evening-cancelled"
    EVENING_BEGUN = "evening-begun"
    NOT_ACTIVE = "not-active"
    TICKET_ENDED = "ticket-ended"
    ALREADY_ADMITTED = "already-admitted"
    NO_SEAT = "no-seat-to-pass-on"
    STRANGER = "stranger"
    ONESELF = "oneself"
    COLLEAGUE_HAS_TICKET = "colleague-has-ticket"
    COLLEAGUE_NOT_ACTIVE = "colleague-not-active"
    TOO_MANY_OFFERS = "too-many-offers"


class RequestRefused(Exception):
    """Nothing was changed, for this reason; it may succeed after `retry_after` seconds, where that is known."""

    def __init__(self, refusal: RefusalCode, retry_after: int | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.retry_after = retry_after
