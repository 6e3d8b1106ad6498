"""Letters with everything they could be written from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from culture_connect.contracts import local_day
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import Kind
from notifications.domain.letters import Standing
from notifications.domain.relevance import Circumstances

# `before` is the evening as its addressee may have read it last, `last_sequence` that of their calendar entry. A
# letter that was refused told nobody anything.
_FACTS = """
    select letters.*, letters.due_at <= now() as is_due,
        contacts.partner as contact_partner,
        contacts.given_name, contacts.family_name, contacts.starts_on, contacts.erased, contacts.withdrawn_on,
        contacts.email, contacts.language, contacts.unsubscribe, contacts.reminders_off_at,
        partners.name as partner_name, partners.contact_email, partners.language as partner_language,
        partners.unsubscribe as partner_unsubscribe, partners.digest_off_at, partners.has_left,
        evenings.version as current_version, evenings.details as evening, evenings.cancelled as evening_cancelled,
        evenings.starts_at, evenings.ends_at,
        tickets.standing, tickets.details as ticket,
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
_ONE = text(f"{_FACTS} where letters.letter_id = :letter_id")
_LOCK = text("select letter_id from letters where letter_id = any(:letter_ids) order by letter_id for update")
_MANY = text(f"{_FACTS} where letters.letter_id = any(:letter_ids) order by letters.due_at, letters.letter_id")


class Draft:
    """A letter's row, and what it could be written from."""

    def __init__(self, row: RowMapping) -> None:
        self.row = row
        self.letter_id: UUID = row["letter_id"]
        self.kind = Kind(row["kind"])
        self.standing = Standing(row["standing"]) if row["standing"] else None

    @property
    def has_address(self) -> bool:
        """Whether there is anybody to write to."""
        return (self.row["email"] or self.row["contact_email"]) is not None

    @property
    def is_meant_for_another_address(self) -> bool:
        """Whether links in it were made for another address than its addressee has, as far as we know.

        Then either that one or the ticket is about to be told anew.
        """
        meant_for, partner, email = self.details.get("address_sha256"), self.row["contact_partner"], self.row["email"]
        return bool(meant_for and partner and email) and meant_for != address_digest(partner, email).hex()

    @property
    def is_to_invited(self) -> bool:
        """Whether it tells somebody who was invited and never asked what became of the evening."""
        return self.kind in (Kind.EVENING_CHANGED, Kind.EVENING_CANCELLED) and self.row["ticket_id"] is None

    def circumstances(self, now: datetime, *, news: bool) -> Circumstances:
        """What decides whether the letter is written; `news` when there is anything new to tell."""
        row = self.row
        return Circumstances(
            kind=self.kind,
            now=now,
            wanted_at=row["wanted_at"] or now,
            withdrawn_on=local_day(now) if row["has_left"] else row["withdrawn_on"],
            switched_off=(row["reminders_off_at"] or row["digest_off_at"]) is not None,
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            evening_cancelled=bool(row["evening_cancelled"]),
            standing=self.standing,
            told=row["before"] is not None,
            invited=self.is_to_invited,
            news=news,
        )

    @property
    def details(self) -> dict[str, Any]:
        """What the event told that called for the letter: its own, or that of its ticket.

        The ticket that an offer is about is somebody else's, and its code none of the addressee's business.
        """
        own: dict[str, Any] | None = self.row["details"]
        return own if own is not None else self.row["ticket"] or {}


async def find(work: UnitOfWork, letter_id: UUID) -> Draft | None:
    """One letter, None when there is none of this id."""
    row = (await work.execute(_ONE, {"letter_id": letter_id})).mappings().first()
    return None if row is None else Draft(row)


async def lock(work: UnitOfWork, letter_ids: Sequence[UUID]) -> list[Draft]:
    """These letters, the first due first; nobody else changes them until the transaction ends."""
    ids = {"letter_ids": list(letter_ids)}
    await work.execute(_LOCK, ids)
    return [Draft(row) for row in (await work.execute(_MANY, ids)).mappings()]
