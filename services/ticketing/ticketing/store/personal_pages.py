"""Personal pages: the owners of their secrets, and the facts they show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Evening, Language
from culture_connect.messaging import UnitOfWork
from ticketing.store import waiting_list
from ticketing.store.eligibility import IS_ACTIVE
from ticketing.store.rows import fetch_one

_SAVE = text(
    """
    with saved as (
        insert into pages (secret_sha256, evening_id, participant_id)
        select * from unnest(cast(:digests as bytea[]), cast(:evenings as uuid[]), cast(:participants as uuid[]))
    )
    select participant_id, address_sha256 from participants where participant_id = any(:participants)
    """
)
_DELETE = text("delete from pages where participant_id = any(:participants)")
_OWNER = text("select evening_id, participant_id from pages where secret_sha256 = :digest")

_FACTS = text(
    f"""
    select e.details::text as details, e.cancelled, p.holder_name, p.language, {IS_ACTIVE} is true as active,
        w.wish as seat_request
    from evenings e cross join participants p left join partners s on s.slug = p.partner
    left join wishes w on w.evening_id = e.evening_id and w.participant_id = p.participant_id
        and w.enrolment = p.enrolled_version
    where e.evening_id = :evening and p.participant_id = :participant and not p.erased
    """  # noqa: S608 - constants
)
# The live one, else the one that ended last.
_PLACE = text(
    """
    select ticket_id, state, code, admitted_at, reason from tickets
    where evening_id = :evening and participant_id = :participant
    order by state = 'cancelled', ended_at desc limit 1
    """
)
_OFFER_MADE = text("select offer_id from offers where ticket_id = :ticket and state = 'open'")
_OFFER_RECEIVED = text(
    """
    select o.offer_id, p.holder_name
    from offers o join tickets t using (ticket_id) join participants p on p.participant_id = t.participant_id
    where o.evening_id = :evening and o.participant_id = :participant and o.state = 'open' and t.state = 'issued'
    order by o.made_at desc limit 1
    """
)
_DECISION = text(
    """
    select outcome, rule, figures, decided_at from decisions
    where evening_id = :evening and participant_id = :participant
    order by decision_id desc limit 1
    """
)


@dataclass(frozen=True, slots=True)
class NewPage:
    """The page of one person for one evening, and the hash of its secret."""

    evening_id: UUID
    participant_id: UUID
    secret_sha256: bytes


@dataclass(frozen=True, slots=True)
class PagePlace:
    """The ticket or waiting place somebody had last for the evening; `position` while they wait, `code` with a seat."""

    ticket_id: UUID
    state: str
    code: str | None
    position: int | None
    admitted_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class PageOffer:
    """A ticket offered to or by somebody, not yet accepted, and the name of its holder."""

    offer_id: UUID
    holder_name: str | None


@dataclass(frozen=True, slots=True)
class PageDecision:
    """The last decision about somebody's seat: codes and figures as `domain.decisions` has them."""

    outcome: str
    rule: str
    figures: dict[str, Any]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Everything the personal page of one person for one evening shows.

    `seat_request` is `invited`, `asked` or `declined`, None where there is none under the present enrolment;
    `active` when they take part on the evening's day.
    """

    evening: Evening
    cancelled: bool
    participant_id: UUID
    holder_name: str
    language: Language
    active: bool
    seat_request: str | None
    place: PagePlace | None
    offer_made: PageOffer | None
    offer_received: PageOffer | None
    decision: PageDecision | None


async def save(work: UnitOfWork, pages: Sequence[NewPage], *, always: bool = False) -> Mapping[UUID, bytes | None]:
    """Saves the pages that new secrets open; with `always` none take as long as one.

    Returns the hashes of the addresses for which the secrets are, by participant.
    """
    if not pages and not always:
        return {}
    saved = await work.execute(
        _SAVE,
        {
            "digests": [page.secret_sha256 for page in pages],
            "evenings": [page.evening_id for page in pages],
            "participants": [page.participant_id for page in pages],
        },
    )
    return {row.participant_id: row.address_sha256 for row in saved}


async def delete(work: UnitOfWork, participants: Collection[UUID]) -> None:
    """Deletes the pages of these people, so that no secret they received opens one any more."""
    await work.execute(_DELETE, {"participants": list(participants)})


async def owner(work: UnitOfWork, secret_sha256: bytes) -> tuple[UUID, UUID] | None:
    """Returns evening and participant whose page the secret with this hash opens; None when it opens none."""
    row = (await work.execute(_OWNER, {"digest": secret_sha256})).one_or_none()
    return (row.evening_id, row.participant_id) if row else None


async def facts(work: UnitOfWork, evening: UUID, participant: UUID) -> PageFacts | None:
    """Returns the facts of this person's page for this evening; None when either is not known, or was erased."""
    parameters = {"evening": evening, "participant": participant}
    known = (await work.execute(_FACTS, parameters)).one_or_none()
    if known is None:
        return None
    place = await _place(work, evening, participant)
    made = (await work.execute(_OFFER_MADE, {"ticket": place.ticket_id})).scalar() if place else None
    received = (await work.execute(_OFFER_RECEIVED, parameters)).one_or_none()
    decision = await fetch_one(work, PageDecision, _DECISION, parameters)
    return PageFacts(
        evening=Evening.model_validate_json(known.details, extra="ignore"),
        cancelled=known.cancelled,
        participant_id=participant,
        holder_name=known.holder_name or "",
        language=Language(known.language or Language.NL),
        active=known.active,
        seat_request=known.seat_request,
        place=place,
        offer_made=PageOffer(made, known.holder_name) if made else None,
        offer_received=PageOffer(received.offer_id, received.holder_name) if received else None,
        decision=decision,
    )


async def _place(work: UnitOfWork, evening: UUID, participant: UUID) -> PagePlace | None:
    row = (await work.execute(_PLACE, {"evening": evening, "participant": participant})).one_or_none()
    if row is None:
        return None
    position = await waiting_list.position(work, evening, participant) if row.state == "waiting" else None
    code = row.code if row.state != "cancelled" else None
    return PagePlace(row.ticket_id, row.state, code, position, row.admitted_at, row.reason)
