"""A letter again, because somebody asks for it: a new letter about the same, written from what holds now."""

from uuid import UUID, uuid4

from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import Kind, Suppression
from notifications.domain.relevance import silence
from notifications.store import drafts, letter_lists, letters
from notifications.store.drafts import Draft
from notifications.store.letters import NewLetter
from notifications.tables import LetterRow

# What these tell is in no event that is kept: once their details have faded, there is nothing to write from.
_BY_THEMSELVES = (Kind.INVITATION, Kind.TICKET_OFFERED, Kind.DIGEST)


class UnknownLetterError(Exception):
    """There is no letter of this id."""


class CannotResendError(Exception):
    """The letter would not be sent now; `reason` says why, None when what it told is not kept any more."""

    def __init__(self, reason: Suppression | None) -> None:
        super().__init__(f"the letter cannot be sent again: {reason or 'its contents are not kept'}")
        self.reason = reason


async def resend(work: UnitOfWork, letter_id: UUID) -> LetterRow:
    """Plans the letter anew, for now, with an id and so a Message-ID of its own, which mail programs do not take for
    the one they have. Raises UnknownLetterError and CannotResendError.
    """
    draft = await drafts.find(work, letter_id)
    if draft is None:
        raise UnknownLetterError
    _check(draft, work)
    row = draft.row
    again = NewLetter(
        uuid4(),
        draft.kind,
        work.now,
        participant_id=row["participant_id"],
        partner=row["partner"],
        evening_id=row["evening_id"],
        ticket_id=row["ticket_id"],
        ticket_version=row["ticket_version"],
        offer_id=row["offer_id"],
        holder_id=row["holder_id"],
        repeats=letter_id,
        details=row["details"],
    )
    await letters.plan(work, [again])
    planned = await letter_lists.find(work, again.letter_id)
    if planned is None:
        raise AssertionError("a letter that was just planned is there")
    return planned


def _check(draft: Draft, work: UnitOfWork) -> None:
    if not draft.has_address:
        raise CannotResendError(Suppression.ERASED if draft.row["erased"] else Suppression.NO_ADDRESS)
    if draft.kind in _BY_THEMSELVES and draft.row["details"] is None:
        raise CannotResendError(None)
    now_silent = silence(draft.circumstances(work.now, news=True))
    if now_silent is not None:
        raise CannotResendError(now_silent.reason)
    if draft.is_meant_for_another_address:
        raise CannotResendError(Suppression.MOVED)
