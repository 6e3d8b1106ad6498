"""Resends a letter on an operator's request: a new letter about the same, written from what holds now."""

from uuid import UUID, uuid4

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import QUESTIONS, Kind, Suppression
from notifications.domain.relevance import check_relevance
from notifications.store import drafts, letter_queries, letters
from notifications.store.drafts import Draft
from notifications.store.letters import NewLetter
from notifications.tables import LetterRow

# The details of these are in no other row: once they are purged, there is nothing to write from.
_SELF_CONTAINED = QUESTIONS | {Kind.DIGEST}


class UnknownLetterError(Exception):
    """There is no letter of this id."""


class CannotResendError(Exception):
    """The letter would not be sent now; `reason` says why, None when its details are not kept any more."""

    def __init__(self, reason: Suppression | None) -> None:
        super().__init__(f"the letter cannot be sent again: {reason or 'its contents are not kept'}")
        self.reason = reason


async def resend(work: UnitOfWork, letter_id: UUID) -> LetterRow:
    """Plans the letter once more, for now, and returns it. Raises UnknownLetterError and CannotResendError.

    Its own id gives it its own Message-ID: mail programs do not take it for the one they have.
    """
    draft = await drafts.find(work, letter_id)
    if draft is None:
        raise UnknownLetterError
    _check(draft, work)
    repeated = NewLetter(
        uuid4(),
        draft.kind,
        work.now,
        participant_id=draft.participant_id,
        partner=draft.partner,
        evening_id=draft.evening_id,
        ticket_id=draft.ticket_id,
        ticket_version=draft.ticket_version,
        offer_id=draft.offer_id,
        holder_id=draft.holder_id,
        repeats=letter_id,
        details=draft.own_details,
    )
    await letters.plan(work, [repeated])
    planned = await letter_queries.find(work, repeated.letter_id)
    if planned is None:
        raise AssertionError("a letter that was just planned is there")
    return planned


def _check(draft: Draft, work: UnitOfWork) -> None:
    if draft.email is None:
        raise CannotResendError(Suppression.ERASED if draft.erased else Suppression.NO_ADDRESS)
    if draft.kind in _SELF_CONTAINED and draft.own_details is None:
        raise CannotResendError(None)
    if (skip := check_relevance(draft.circumstances(work.now, has_news=True))) is not None:
        raise CannotResendError(skip.reason)
    if draft.is_for_another_address:
        raise CannotResendError(Suppression.ADDRESS_CHANGED)
