"""From letters that are due to mails: which are still worth writing, which travel together, and what they tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from culture_connect.contracts import Language, local_day
from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import ENDINGS, TICKETS, Kind, Suppression
from notifications.domain.letters import Standing, is_another_start
from notifications.domain.relevance import Silence, silence
from notifications.rendering.evening_changes import changes
from notifications.rendering.models import Contents, Digest, Letter, Piece, Recipient, TicketDetails, ToldEvening
from notifications.store import digests, drafts
from notifications.store.drafts import Draft

_LEADING = (Kind.GOODBYE, Kind.WELCOME)


@dataclass(slots=True)
class Written:
    """What became of letters that were to go together: a mail with those worth writing, and why not the others."""

    letter: Letter | None = None
    silent: dict[UUID, Silence] = field(default_factory=dict)


async def write(work: UnitOfWork, together: Sequence[Draft]) -> Written:
    """Writes letters to one addressee as one mail, from what holds now."""
    written = Written()
    pieces: list[Piece] = []
    digest = await _digest(work, together)
    for draft in sorted(together, key=_order):
        if not draft.has_address:
            written.silent[draft.letter_id] = Silence(_without_address(draft))
            continue
        reason = silence(draft.circumstances(work.now, news=_news(draft, digest, work.now)))
        if reason is not None:
            written.silent[draft.letter_id] = reason
            continue
        if draft.is_meant_for_another_address:
            is_over = draft.standing is Standing.ADMITTED
            written.silent[draft.letter_id] = (
                Silence(Suppression.ADMITTED) if is_over else Silence(Suppression.MOVED, for_now=True)
            )
            continue
        pieces.append(_piece(draft, work.now))
    if pieces:
        written.letter = _letter(together[0], pieces, digest, work.now)
    return written


async def letter_of(work: UnitOfWork, letter_id: UUID) -> Letter | None:
    """The mail that a letter went out with, or as it would be written now; None when neither can be told.

    What went out cannot be told once its contents have faded, what would go not as long as addressee or evening are
    not known.
    """
    draft = await drafts.find(work, letter_id)
    if draft is None:
        return None
    if draft.row["mail_id"] is not None:
        lead = await drafts.find(work, draft.row["mail_id"])
        if lead is None or lead.row["contents"] is None:
            return None
        return kept(lead.row)
    evening_missing = draft.row["evening_id"] is not None and draft.row["evening"] is None
    if draft.row["ended_at"] is not None or not draft.has_address or evening_missing:
        return None
    return _letter(draft, [_piece(draft, work.now)], await _digest(work, [draft]), work.now)


def kept(row: Any) -> Letter:
    """The mail as it was written, from the row of its leading letter.

    Raises pydantic's ValidationError for contents that cannot be read.
    """
    return Letter(
        letter_id=row["letter_id"],
        participant_id=row["participant_id"],
        written_at=row["written_at"],
        contents=Contents.model_validate(row["contents"]),
    )


def _letter(addressed: Draft, pieces: list[Piece], digest: Digest | None, now: datetime) -> Letter:
    row = addressed.row
    contents = Contents(
        recipient=Recipient(
            email=row["email"] or row["contact_email"],
            language=row["language"] or row["partner_language"],
            given_name=row["given_name"],
            family_name=row["family_name"],
        ),
        pieces=pieces,
        partner_name=row["partner_name"],
        digest=digest,
        unsubscribe=row["unsubscribe"] or row["partner_unsubscribe"],
    )
    return Letter(pieces[0].letter_id, row["participant_id"], now, contents)


def _order(draft: Draft) -> tuple[int, float, UUID]:
    """What leads first, then by the evenings."""
    leading = _LEADING.index(draft.kind) if draft.kind in _LEADING else len(_LEADING)
    starts_at: datetime | None = draft.row["starts_at"]
    return leading, starts_at.timestamp() if starts_at else 0.0, draft.letter_id


def _piece(draft: Draft, now: datetime) -> Piece:
    row = draft.row
    leaves_on: date | None = row["withdrawn_on"] if draft.kind is Kind.GOODBYE else None
    return Piece(
        letter_id=draft.letter_id,
        kind=draft.kind,
        evening=row["evening"],
        before=row["before"] if draft.kind is Kind.EVENING_CHANGED else None,
        ticket=TicketDetails.model_validate(draft.details),
        sequence=_sequence(draft),
        giver=row["giver_name"],
        last_day=leaves_on - timedelta(days=1) if leaves_on else None,
        first_day=_first_day(draft, now),
        invited=draft.is_to_invited,
    )


def _first_day(draft: Draft, now: datetime) -> date | None:
    """The day from which somebody takes part who hears of it before."""
    starts_on: date | None = draft.row["starts_on"]
    told = draft.kind in (Kind.WELCOME, Kind.START_CHANGED)
    ahead = told and starts_on is not None and starts_on > local_day(now)
    return starts_on if ahead else None


def _sequence(draft: Draft) -> int | None:
    """The number of the calendar entry: one more with each letter that changes it; an end takes out what was put in."""
    last: int | None = draft.row["last_sequence"]
    if draft.kind in TICKETS or (draft.kind is Kind.EVENING_CHANGED and draft.standing is Standing.ISSUED):
        return 0 if last is None else last + 1
    if draft.kind in ENDINGS and draft.kind is not Kind.GOODBYE:
        return None if last is None else last + 1
    return None


def _without_address(draft: Draft) -> Suppression:
    return Suppression.ERASED if draft.row["erased"] else Suppression.NO_ADDRESS


def _news(draft: Draft, digest: Digest | None, at: datetime) -> bool:
    if draft.kind is Kind.DIGEST:
        return digest is not None and bool(digest.joined or digest.left or digest.evenings)
    if draft.kind is Kind.START_CHANGED:
        told = draft.details.get("told")
        return is_another_start(date.fromisoformat(told) if told else None, draft.row["starts_on"], local_day(at))
    if draft.kind is Kind.EVENING_CHANGED and draft.row["before"] is not None:
        before, now = (ToldEvening.model_validate(draft.row[version]) for version in ("before", "evening"))
        # What changed in the other language only is no news to its reader.
        return bool(changes(before, now, Language(draft.row["language"])))
    return True


async def _digest(work: UnitOfWork, together: Sequence[Draft]) -> Digest | None:
    [draft] = together[:1]
    if draft.kind is not Kind.DIGEST:
        return None
    row = draft.row
    return await digests.digest(work, row["partner"], date.fromisoformat(row["details"]["monday"]))
