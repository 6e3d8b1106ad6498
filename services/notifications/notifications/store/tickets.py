"""Tickets as ticketing last told them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import Kind, State
from notifications.domain.letters import KnownLetter, KnownTicket, Standing, TicketTurn

# A ticket that is new gets a row of version 0 first, so that there is something to lock.
_ENTER = text(
    """
    insert into tickets (ticket_id, participant_id, evening_id, version, details)
    select ticket_id, participant_id, evening_id, 0, '{}'
    from unnest(cast(:ticket_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]))
        as news (ticket_id, participant_id, evening_id)
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
_TELL = text(
    """
    update tickets set version = news.version, standing = news.standing,
        details = case when news.standing = 'admitted' then tickets.details else cast(news.details as jsonb) end,
        issued_at = coalesce(news.issued_at, tickets.issued_at)
    from unnest(
        cast(:ticket_ids as uuid[]), cast(:versions as integer[]), cast(:standings as text[]),
        cast(:details as text[]), cast(:issued_at as timestamptz[])
    ) as news (ticket_id, version, standing, details, issued_at)
    where tickets.ticket_id = news.ticket_id
    """
)
_FORGET = text("update tickets set details = '{}' where participant_id = any(:participant_ids)")


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket, and the participant who holds it."""

    ticket_id: UUID
    participant_id: UUID
    evening_id: UUID


@dataclass(frozen=True, slots=True)
class TicketNews(HeldTicket):
    """Where a ticket stands as of a version, and what a letter tells of it."""

    version: int
    standing: Standing
    details: Mapping[str, Any]
    issued_at: datetime | None = None
    passed_on_by: UUID | None = None

    @property
    def turn(self) -> TicketTurn:
        """What decides about its letters."""
        return TicketTurn(
            self.version,
            self.standing,
            self.details.get("reason"),
            self.passed_on_by is not None,
            self.details.get("link"),
        )


async def lock(work: UnitOfWork, held: Sequence[HeldTicket], erased: frozenset[UUID]) -> Mapping[UUID, KnownTicket]:
    """What is known of these tickets, by id; nobody else changes them or their letters until the transaction ends.

    `erased` are the participants who were erased.
    """
    await work.execute(
        _ENTER,
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
            standing=_standing(known[ticket.ticket_id].standing),
            letters=letters.get(ticket.ticket_id, ()),
            holder_erased=ticket.participant_id in erased,
            link=known[ticket.ticket_id].link,
        )
        for ticket in held
    }


async def of_guests(work: UnitOfWork, evening_ids: Sequence[UUID]) -> Mapping[HeldTicket, Sequence[KnownLetter]]:
    """The tickets and waiting places of these evenings, each with the letters about changes of it."""
    ids = {"evening_ids": list(evening_ids)}
    held: dict[UUID, HeldTicket] = {}
    for row in await work.execute(_GUESTS, ids):
        held[row.ticket_id] = HeldTicket(row.ticket_id, row.participant_id, row.evening_id)
    letters: dict[HeldTicket, list[KnownLetter]] = {ticket: [] for ticket in held.values()}
    for row in await work.execute(_CHANGES, ids):
        if ticket := held.get(row.ticket_id):
            letters[ticket].append(KnownLetter(Kind(row.kind), State(row.state), row.written))
    return letters


async def tell(work: UnitOfWork, news: Sequence[TicketNews]) -> None:
    """Takes over where these tickets stand; the caller has compared the versions."""
    await work.execute(
        _TELL,
        {
            "ticket_ids": [ticket.ticket_id for ticket in news],
            "versions": [ticket.version for ticket in news],
            "standings": [str(ticket.standing) for ticket in news],
            "details": [json.dumps(dict(ticket.details)) for ticket in news],
            "issued_at": [ticket.issued_at for ticket in news],
        },
    )


async def forget(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Removes codes and links of these participants' tickets."""
    await work.execute(_FORGET, {"participant_ids": list(participant_ids)})


def _standing(text_: str | None) -> Standing | None:
    return Standing(text_) if text_ else None
