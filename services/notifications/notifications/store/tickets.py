"""Tickets as ticketing last published them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, State, TicketStatus
from notifications.domain.decisions import KnownLetter, KnownTicket, TicketUpdate

# A new ticket gets a row of version 0 first, so that there is something to lock.
_INSERT_UNKNOWN = text(
    """
    insert into tickets (ticket_id, participant_id, evening_id, version, details)
    select ticket_id, participant_id, evening_id, 0, '{}'
    from unnest(cast(:ticket_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]))
        as given (ticket_id, participant_id, evening_id)
    order by ticket_id
    on conflict (ticket_id) do nothing
    """
)
_KNOWN = text(
    """
    select ticket_id, version, standing, details ->> 'link' as link from tickets
    where ticket_id = any(:ticket_ids) order by ticket_id for update
    """
)
# Letters that offer the ticket to others are locked as well, and are none of its holder's.
_LETTERS = text(
    """
    select ticket_id, kind, state, mail_id is not null as written, offer_id is null as to_holder from letters
    where ticket_id = any(:ticket_ids) order by letter_id for update
    """
)
_GUESTS = text(
    """
    select ticket_id, participant_id, evening_id from tickets
    where evening_id = any(:evening_ids) and standing in ('issued', 'waitlisted') order by ticket_id for share
    """
)
_CHANGES = text(
    """
    select ticket_id, kind, state, mail_id is not null as written from letters
    where evening_id = any(:evening_ids) and kind = 'evening-changed' and state = 'planned'
    order by letter_id for update
    """
)
_SAVE = text(
    """
    update tickets set version = given.version, standing = given.standing,
        details = case when given.standing = 'admitted' then tickets.details else cast(given.details as jsonb) end,
        issued_at = coalesce(given.issued_at, tickets.issued_at)
    from unnest(
        cast(:ticket_ids as uuid[]), cast(:versions as integer[]), cast(:statuses as text[]),
        cast(:details as text[]), cast(:issued_at as timestamptz[])
    ) as given (ticket_id, version, standing, details, issued_at)
    where tickets.ticket_id = given.ticket_id
    """
)


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket, and the participant who holds it."""

    ticket_id: UUID
    participant_id: UUID
    evening_id: UUID


@dataclass(frozen=True, slots=True)
class Ticket(HeldTicket):
    """A ticket as of a version; `details` are what a letter tells of it, `giver_id` the colleague who gave it."""

    version: int
    status: TicketStatus
    details: Mapping[str, Any]
    issued_at: datetime | None = None
    giver_id: UUID | None = None

    @property
    def update(self) -> TicketUpdate:
        """Returns the facts that decide about its letters."""
        return TicketUpdate(
            self.version,
            self.status,
            self.details.get("reason"),
            self.giver_id is not None,
            self.details.get("link"),
        )


async def lock(work: UnitOfWork, held: Sequence[HeldTicket], erased: frozenset[UUID]) -> Mapping[UUID, KnownTicket]:
    """Returns what is known of these tickets, by id; nobody else changes them or their letters in this transaction.

    `erased` are the participants who were erased.
    """
    await work.execute(
        _INSERT_UNKNOWN,
        {
            "ticket_ids": [ticket.ticket_id for ticket in held],
            "participant_ids": [ticket.participant_id for ticket in held],
            "evening_ids": [ticket.evening_id for ticket in held],
        },
    )
    ids = {"ticket_ids": [ticket.ticket_id for ticket in held]}
    known = {row.ticket_id: row for row in await work.execute(_KNOWN, ids)}
    letters: dict[UUID, list[KnownLetter]] = {}
    for row in await work.execute(_LETTERS, ids):
        if row.to_holder:
            letter = KnownLetter(Kind(row.kind), State(row.state), row.written)
            letters.setdefault(row.ticket_id, []).append(letter)
    return {
        ticket.ticket_id: KnownTicket(
            version=known[ticket.ticket_id].version,
            status=_status(known[ticket.ticket_id].standing),
            letters=letters.get(ticket.ticket_id, ()),
            holder_erased=ticket.participant_id in erased,
            link=known[ticket.ticket_id].link,
        )
        for ticket in held
    }


async def lock_guests(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[HeldTicket, Sequence[KnownLetter]]:
    """Returns the tickets and waiting places of these evenings, each with the unsent letters about changes."""
    ids = {"evening_ids": list(evening_ids)}
    held: dict[UUID, HeldTicket] = {}
    for row in await work.execute(_GUESTS, ids):
        held[row.ticket_id] = HeldTicket(row.ticket_id, row.participant_id, row.evening_id)
    letters: dict[HeldTicket, list[KnownLetter]] = {ticket: [] for ticket in held.values()}
    for row in await work.execute(_CHANGES, ids):
        if ticket := held.get(row.ticket_id):
            letters[ticket].append(KnownLetter(Kind(row.kind), State(row.state), row.written))
    return letters


async def save(work: UnitOfWork, changed: Sequence[Ticket]) -> None:
    """Saves these tickets; the caller has compared the versions."""
    await work.execute(
        _SAVE,
        {
            "ticket_ids": [ticket.ticket_id for ticket in changed],
            "versions": [ticket.version for ticket in changed],
            "statuses": [str(ticket.status) for ticket in changed],
            "details": [json.dumps(dict(ticket.details)) for ticket in changed],
            "issued_at": [ticket.issued_at for ticket in changed],
        },
    )


def _status(text_: str | None) -> TicketStatus | None:
    return TicketStatus(text_) if text_ else None
