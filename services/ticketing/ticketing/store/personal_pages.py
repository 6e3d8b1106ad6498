"""Personal pages: whose a secret is, and what the page shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Evening, Language
from culture_connect.messaging import UnitOfWork
from ticketing.store import waiting_list
from ticketing.store.rules import IS_ACTIVE
from ticketing.tickets.links import Page, digest_of

_SAVE = text(
    """
    with saved as (
        insert into pages (secret_sha256, evening_id, participant_id)
        select * from unnest(cast(:digests as bytea[]), cast(:evenings as uuid[]), cast(:participants as uuid[]))
    )
    select participant_id, address_sha256 from participants where participant_id = any(:participants)
    """
)
_CLOSE = text("delete from pages where participant_id = any(:participants)")
_OWNER = text("select evening_id, participant_id from pages where secret_sha256 = :digest")

_FACTS = text(
    f"""
    select e.details::text as details, e.cancelled, p.holder_name, p.language, {IS_ACTIVE} is true as active, w.wish
    from evenings e cross join participants p left join partners s on s.slug = p.partner
    left join wishes w on w.evening_id = e.evening_id and w.participant_id = p.participant_id
        and w.enrolment = p.enrolled_version
    where e.evening_id = :evening and p.participant_id = :participant and not p.erased
    """  # noqa: S608 - constants
)
# The one that lives, else the one that ended last.
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
class PlaceShown:
    """The ticket or waiting place somebody had last for the evening; `position` while they wait, `code` with a seat."""

    ticket_id: UUID
    state: str
    code: str | None
    position: int | None
    admitted_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class OfferShown:
    """A ticket offered to or by somebody, not yet accepted; `holder_name` is whose it is still."""

    offer_id: UUID
    holder_name: str | None


@dataclass(frozen=True, slots=True)
class DecisionShown:
    """The last decision about somebody's seat: codes and figures as `domain.decisions` has them."""

    outcome: str
    rule: str
    figures: dict[str, Any]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Everything the personal page of one person for one evening shows.

    `wish` is `invited`, `asked` or `declined`, None where nothing was said under the present enrolment;
    `active` tells whether they take part on the evening's day.
    """

    evening: Evening
    cancelled: bool
    participant_id: UUID
    holder_name: str
    language: Language
    active: bool
    wish: str | None
    place: PlaceShown | None
    offer_made: OfferShown | None
    offer_received: OfferShown | None
    decision: DecisionShown | None


async def save(work: UnitOfWork, pages: Sequence[Page], *, always: bool = False) -> Mapping[UUID, bytes | None]:
    """Writes down whose page each new secret opens; with `always` none take as long as one.

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


async def close(work: UnitOfWork, participants: Collection[UUID]) -> None:
    """No secret that these people were told opens a page any more."""
    await work.execute(_CLOSE, {"participants": list(participants)})


async def owner(work: UnitOfWork, secret: str) -> tuple[UUID, UUID] | None:
    """Evening and participant whose page this secret opens; None when it opens none."""
    row = (await work.execute(_OWNER, {"digest": digest_of(secret)})).one_or_none()
    return (row.evening_id, row.participant_id) if row else None


async def facts(work: UnitOfWork, evening: UUID, participant: UUID) -> PageFacts | None:
    """What the page of this person for this evening shows; None when either is not known, or was erased."""
    who = {"evening": evening, "participant": participant}
    known = (await work.execute(_FACTS, who)).one_or_none()
    if known is None:
        return None
    place = await _place(work, who)
    made = (await work.execute(_OFFER_MADE, {"ticket": place.ticket_id})).scalar() if place else None
    received = (await work.execute(_OFFER_RECEIVED, who)).one_or_none()
    decision = (await work.execute(_DECISION, who)).mappings().one_or_none()
    return PageFacts(
        evening=Evening.model_validate_json(known.details, extra="ignore"),
        cancelled=known.cancelled,
        participant_id=participant,
        holder_name=known.holder_name or "",
        language=Language(known.language or Language.NL),
        active=known.active,
        wish=known.wish,
        place=place,
        offer_made=OfferShown(made, known.holder_name) if made else None,
        offer_received=OfferShown(received.offer_id, received.holder_name) if received else None,
        decision=DecisionShown(**decision) if decision else None,
    )


async def _place(work: UnitOfWork, who: dict[str, UUID]) -> PlaceShown | None:
    row = (await work.execute(_PLACE, who)).one_or_none()
    if row is None:
        return None
    position = None
    if row.state == "waiting":
        position = (await waiting_list.positions(work, who["evening"], [who["participant"]]))[who["participant"]]
    code = row.code if row.state != "cancelled" else None
    return PlaceShown(row.ticket_id, row.state, code, position, row.admitted_at, row.reason)
