"""From due letters to mails: which go together, which are still worth writing, and what each is written from."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from culture_connect.contracts import Language, local_day
from culture_connect.messaging import UnitOfWork
from notifications.contents import Contents, Digest, Letter, Piece, PublishedEvening, Recipient, TicketDetails
from notifications.domain.catalogue import CalendarEffect, Kind, State, Suppression, TicketStatus
from notifications.domain.decisions import start_differs
from notifications.domain.relevance import Skip, check_relevance
from notifications.rendering.evening_changes import changes
from notifications.store import drafts, partners
from notifications.store.drafts import Draft


@dataclass(slots=True)
class Composition:
    """The mail with the letters that are worth writing, None when none is; and why the others are skipped."""

    letter: Letter | None = None
    skipped: dict[UUID, Skip] = field(default_factory=dict)


def group(found: Sequence[Draft]) -> list[list[Draft]]:
    """Returns the letters that go together: one mail written before, or new ones of a bundle of which one is due.

    Of a mail that was written before, the letter that leads comes first, whatever became of it.
    """
    mails: dict[Hashable, list[Draft]] = defaultdict(list)
    due: set[Hashable] = set()
    for draft in found:
        active = draft.state in (State.PLANNED, State.SENDING) and draft.is_due is not None
        key = draft.mail_id or (draft.bundle and (draft.participant_id, draft.bundle)) or draft.letter_id
        if active and draft.is_due:
            due.add(key)
        if (active and (draft.is_due or draft.state is State.PLANNED)) or draft.letter_id == draft.mail_id:
            mails[key].append(draft)
    return [sorted(mail, key=lambda each: each.letter_id != each.mail_id) for key, mail in mails.items() if key in due]


async def compose(work: UnitOfWork, together: Sequence[Draft]) -> Composition:
    """Composes letters to one addressee as one mail, from what holds now."""
    composition = Composition()
    pieces: list[Piece] = []
    digest = await _digest(work, together[0])
    for draft in sorted(together, key=_order):
        if (skip := _skip(draft, digest, work.now)) is not None:
            composition.skipped[draft.letter_id] = skip
        else:
            pieces.append(_piece(draft, work.now))
    if pieces:
        composition.letter = _letter(together[0], pieces, digest, work.now)
    return composition


async def find_letter(work: UnitOfWork, letter_id: UUID) -> Letter | None:
    """Returns the mail that a letter went out with, or as it would be written now; None when neither is known.

    A mail that went out is known until its contents are purged, another as soon as addressee and evening are.
    """
    draft = await drafts.find(work, letter_id)
    if draft is None:
        return None
    if draft.mail_id is not None:
        lead = await drafts.find(work, draft.mail_id)
        return None if lead is None or lead.contents is None else stored_letter(lead)
    evening_missing = draft.evening_id is not None and draft.evening is None
    if draft.ended_at is not None or draft.email is None or evening_missing:
        return None
    return _letter(draft, [_piece(draft, work.now)], await _digest(work, draft), work.now)


def stored_letter(lead: Draft) -> Letter:
    """Returns the mail as it was written, from its leading letter.

    Raises pydantic's ValidationError for contents that cannot be read.
    """
    contents = Contents.model_validate(lead.contents)
    if lead.written_at is None:
        raise AssertionError("contents are stored with the moment they were written")
    return Letter(lead.letter_id, lead.participant_id, lead.written_at, contents)


def _letter(addressed: Draft, pieces: list[Piece], digest: Digest | None, now: datetime) -> Letter:
    recipient = {
        "email": addressed.email,
        "language": addressed.language,
        "given_name": addressed.given_name,
        "family_name": addressed.family_name,
    }
    contents = Contents(
        recipient=Recipient.model_validate(recipient),
        pieces=pieces,
        partner_name=addressed.partner_name,
        digest=digest,
        unsubscribe=addressed.unsubscribe,
    )
    return Letter(pieces[0].letter_id, addressed.participant_id, now, contents)


def _order(draft: Draft) -> tuple[bool, float, UUID]:
    """The leading letter comes first, then the others by their evenings."""
    return not draft.kind.traits.leads, draft.starts_at.timestamp() if draft.starts_at else 0.0, draft.letter_id


def _skip(draft: Draft, digest: Digest | None, now: datetime) -> Skip | None:
    if draft.email is None:
        return Skip(Suppression.ERASED if draft.erased else Suppression.NO_ADDRESS)
    skip = check_relevance(draft.circumstances(now, has_news=_has_news(draft, digest, now)))
    if skip is not None or not draft.is_for_another_address:
        return skip
    if draft.status is TicketStatus.ADMITTED:
        return Skip(Suppression.ADMITTED)
    return Skip(Suppression.ADDRESS_CHANGED, is_temporary=True)


def _piece(draft: Draft, now: datetime) -> Piece:
    leaves_on = draft.withdrawn_on if draft.kind is Kind.GOODBYE else None
    content: dict[str, Any] = {
        "letter_id": draft.letter_id,
        "kind": draft.kind,
        "evening": draft.evening,
        "before": draft.before if draft.kind is Kind.EVENING_CHANGED else None,
        "ticket": TicketDetails.model_validate(draft.details),
        "sequence": _sequence(draft),
        "giver": draft.giver_name,
        "last_day": leaves_on - timedelta(days=1) if leaves_on else None,
        "first_day": _first_day(draft, now),
        "invited": draft.is_to_invited,
    }
    return Piece.model_validate(content)


def _first_day(draft: Draft, now: datetime) -> date | None:
    """Returns the day from which somebody takes part, for letters about it that come before."""
    if draft.kind not in (Kind.WELCOME, Kind.START_CHANGED) or draft.starts_on is None:
        return None
    return draft.starts_on if draft.starts_on > local_day(now) else None


def _sequence(draft: Draft) -> int | None:
    """Returns the number of the calendar entry: one more with each letter that changes it, None for no entry."""
    last = draft.last_sequence
    match draft.kind.traits.calendar:
        case CalendarEffect.ADD:
            return 0 if last is None else last + 1
        case CalendarEffect.UPDATE if draft.status is TicketStatus.ISSUED:
            return 0 if last is None else last + 1
        case CalendarEffect.REMOVE:
            return None if last is None else last + 1
    return None


def _has_news(draft: Draft, digest: Digest | None, now: datetime) -> bool:
    if draft.kind is Kind.DIGEST:
        return digest is not None and bool(digest.joined or digest.left or digest.evenings)
    if draft.kind is Kind.START_CHANGED:
        told = draft.details.get("told")
        return start_differs(date.fromisoformat(told) if told else None, draft.starts_on, local_day(now))
    if draft.kind is Kind.EVENING_CHANGED and draft.before is not None:
        before, after = (PublishedEvening.model_validate(version) for version in (draft.before, draft.evening))
        # A change in the other language only is none to its reader.
        return bool(changes(before, after, draft.language or Language.NL))
    return True


async def _digest(work: UnitOfWork, draft: Draft) -> Digest | None:
    if draft.kind is not Kind.DIGEST or draft.partner is None:
        return None
    return await partners.digest(work, draft.partner, date.fromisoformat(draft.details["monday"]))
