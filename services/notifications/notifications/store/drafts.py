"""Letters with everything they could be written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from culture_connect.contracts import Language, local_day
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, State, TicketStatus
from notifications.domain.relevance import Circumstances

# `before` is the evening as its addressee may have read it last, `last_sequence` that of their calendar entry. A
# letter that was refused told nobody anything.
_SELECT = """
    select letters.letter_id, letters.kind, letters.state, letters.participant_id, letters.partner,
        letters.evening_id, letters.ticket_id, letters.ticket_version, letters.offer_id, letters.holder_id,
        letters.bundle, letters.mail_id, letters.details as own_details, letters.contents, letters.attempts,
        letters.wanted_at, letters.due_at <= now() as is_due, letters.deferred_since, letters.written_at,
        letters.ended_at,
        contacts.partner as employer, contacts.given_name, contacts.family_name, contacts.starts_on,
        contacts.withdrawn_on, coalesce(contacts.erased, false) as erased,
        coalesce(contacts.email, partners.contact_email) as email,
        coalesce(contacts.language, partners.language) as language,
        coalesce(contacts.unsubscribe, partners.unsubscribe) as unsubscribe,
        coalesce(contacts.reminders_off_at, partners.digest_off_at) is not null as switched_off,
        partners.name as partner_name, coalesce(partners.has_left, false) as partner_left,
        evenings.details as evening, coalesce(evenings.cancelled, false) as evening_cancelled,
        evenings.starts_at, evenings.ends_at,
        tickets.standing as status, tickets.details as ticket_details,
        coalesce(nullif(giver.given_name, ''), giver.family_name) as giver_name,
        earlier.last_sequence, before.details as before
    from letters
    left join contacts on contacts.participant_id = letters.participant_id
    left join partners on partners.slug = letters.partner
    left join evenings on evenings.evening_id = letters.evening_id
    left join tickets on tickets.ticket_id = letters.ticket_id
    left join contacts as giver on giver.participant_id = letters.holder_id
    left join lateral (
        select max(sequence) as last_sequence,
            max(evening_version) filter (where state <> 'failed') as told_version
        from letters as others
        where others.participant_id = letters.participant_id and others.evening_id = letters.evening_id
            and others.letter_id <> letters.letter_id
    ) as earlier on true
    left join evening_versions as before
        on before.evening_id = letters.evening_id and before.version = earlier.told_version
"""
_ONE = text(f"{_SELECT} where letters.letter_id = :letter_id")
_LOCK = text("select letter_id from letters where letter_id = any(:letter_ids) order by letter_id for update")
_MANY = text(f"{_SELECT} where letters.letter_id = any(:letter_ids) order by letters.due_at, letters.letter_id")


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter, its addressee, its evening and its ticket; what is not known is None.

    `own_details` are of the letter itself, `ticket_details` of its ticket. `employer` is the partner of a participant,
    `partner` the addressee of a letter to a partner. `is_due` is None while the letter has no moment. Evenings are JSON
    as they were published.
    """

    letter_id: UUID
    kind: Kind
    state: State
    participant_id: UUID | None
    partner: str | None
    evening_id: UUID | None
    ticket_id: UUID | None
    ticket_version: int | None
    offer_id: UUID | None
    holder_id: UUID | None
    bundle: str | None
    mail_id: UUID | None
    own_details: dict[str, Any] | None
    contents: dict[str, Any] | None
    attempts: int
    wanted_at: datetime | None
    is_due: bool | None
    deferred_since: datetime | None
    written_at: datetime | None
    ended_at: datetime | None
    employer: str | None
    given_name: str | None
    family_name: str | None
    starts_on: date | None
    withdrawn_on: date | None
    erased: bool
    email: str | None
    language: Language | None
    unsubscribe: UUID | None
    switched_off: bool
    partner_name: str | None
    partner_left: bool
    evening: Mapping[str, Any] | None
    evening_cancelled: bool
    starts_at: datetime | None
    ends_at: datetime | None
    status: TicketStatus | None
    ticket_details: dict[str, Any] | None
    giver_name: str | None
    last_sequence: int | None
    before: Mapping[str, Any] | None

    @property
    def details(self) -> dict[str, Any]:
        """Returns the details of the event that called for the letter: its own, or those of its ticket.

        The ticket that an offer is about is somebody else's, and its code none of the addressee's business.
        """
        return self.own_details if self.own_details is not None else self.ticket_details or {}

    @property
    def is_for_another_address(self) -> bool:
        """Returns whether links in it were made for another address than its addressee has, as far as we know.

        Then an event with the new address, or with new links, is on its way.
        """
        meant_for = self.details.get("address_sha256")
        if not meant_for or self.employer is None or self.email is None:
            return False
        return bool(meant_for != address_digest(self.employer, self.email).hex())

    @property
    def is_to_invited(self) -> bool:
        """Returns whether its addressee was invited to the evening and has no ticket of it."""
        return self.kind in (Kind.EVENING_CHANGED, Kind.EVENING_CANCELLED) and self.ticket_id is None

    def circumstances(self, now: datetime, *, has_news: bool) -> Circumstances:
        """Returns the facts that decide whether the letter is written."""
        return Circumstances(
            kind=self.kind,
            now=now,
            wanted_at=self.wanted_at or now,
            withdrawn_on=local_day(now) if self.partner_left else self.withdrawn_on,
            switched_off=self.switched_off,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            evening_cancelled=self.evening_cancelled,
            status=self.status,
            notified=self.before is not None,
            has_news=has_news,
            invited=self.is_to_invited,
        )


async def find(work: UnitOfWork, letter_id: UUID) -> Draft | None:
    """Returns one letter, None when there is none of this id."""
    row = (await work.execute(_ONE, {"letter_id": letter_id})).mappings().first()
    return None if row is None else _draft(row)


async def lock(work: UnitOfWork, letter_ids: Sequence[UUID]) -> list[Draft]:
    """Returns these letters, the first due first; nobody else changes them until the transaction ends."""
    ids = {"letter_ids": list(letter_ids)}
    await work.execute(_LOCK, ids)
    return [_draft(row) for row in (await work.execute(_MANY, ids)).mappings()]


def _draft(row: RowMapping) -> Draft:
    typed = {
        "kind": Kind(row["kind"]),
        "state": State(row["state"]),
        "language": Language(row["language"]) if row["language"] else None,
        "status": TicketStatus(row["status"]) if row["status"] else None,
    }
    return Draft(**{**row, **typed})
