"""Erasure: tickets become anonymous, so that the figures stay, and everything that leads to the person goes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_ERASE = (
    # Waits for a scan that is just admitting them: its answer, which has their name, is stored by then.
    text(
        """
        select evening_id from evenings
        where evening_id in (select evening_id from tickets where participant_id = any(:participants))
        order by evening_id for no key update
        """
    ),
    # Stored answers (`Idempotency-Key`) about the person; that to a scan names the ticket.
    text(
        """
        delete from idempotency_keys
        where body ->> 'participant_id' = any(cast(cast(:participants as uuid[]) as text[]))
        or body ->> 'ticket_id' in (
            select cast(ticket_id as text) from tickets where participant_id = any(:participants)
        )
        """
    ),
    text("delete from pages where participant_id = any(:participants)"),
    text("delete from wishes where participant_id = any(:participants)"),
    text(
        """
        delete from offers where participant_id = any(:participants)
        or ticket_id in (select ticket_id from tickets where participant_id = any(:participants))
        """
    ),
    # Evenings that have begun have no more rounds: whoever still waits for one leaves its waiting list here.
    text(
        """
        update tickets set state = 'cancelled', reason = 'erased', ended_at = :now, version = version + 1
        where participant_id = any(:participants) and state = 'waiting'
        """
    ),
    # Lots are calculated from the id: with it, what is anonymous could be found by them.
    text(
        """
        update decisions set participant_id = null, figures = figures - 'lot'
        where participant_id = any(:participants)
        """
    ),
    text("update tickets set participant_id = null, lot = '' where participant_id = any(:participants)"),
)


async def erase(work: UnitOfWork, participants: Collection[UUID]) -> None:
    """Removes these people from everything but the rows that say that they were erased.

    Their places for evenings to come were given to others before.
    """
    if participants:
        for statement in _ERASE:
            await work.execute(statement, {"participants": list(participants), "now": work.now})
