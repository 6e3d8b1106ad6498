"""Personal data: its erasure on request, and its purge after the time it is kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_ERASE_TICKETS = text("update tickets set details = '{}' where participant_id = any(:participant_ids)")
_LOCK_PERSONAL = text(
    """
    select letter_id from letters
    where participant_id = any(:participant_ids) or holder_id = any(:participant_ids) order by letter_id for update
    """
)
_ERASE_LETTERS = text(
    """
    update letters set contents = null, details = null, domain = null,
        reason = case when state in ('planned', 'sending') then 'erased' else reason end,
        ended_at = case when state in ('planned', 'sending') then cast(:now as timestamptz) else ended_at end,
        state = case when state in ('planned', 'sending') then 'suppressed' else state end
    where participant_id = any(:participant_ids)
    """
)
# In letters to colleagues their name stands as that of the giver. Without the holder's id, too, a letter that is
# being claimed at this moment cannot find the name again.
_ERASE_GIVERS = text(
    """
    update letters set contents = jsonb_set(contents, '{pieces}', (
        select jsonb_agg(piece - 'giver' order by place)
        from jsonb_array_elements(contents -> 'pieces') with ordinality as pieces (piece, place)
    ))
    where contents is not null and letter_id = any(array(
        select mail_id from letters where holder_id = any(:participant_ids)
    ))
    """
)
_ERASE_HOLDERS = text("update letters set holder_id = null where holder_id = any(:participant_ids)")
# A letter that an older release ended has no moment of its end yet: it gets this one.
_MARK_ENDED = text(
    """
    update letters set ended_at = cast(:now as timestamptz)
    where ended_at is null and state in ('sent', 'failed', 'suppressed')
    """
)
_PURGE_LETTERS = text(
    """
    update letters set contents = null, details = null where letter_id = any(array(
        select letter_id from letters
        where ended_at < :before and (contents is not null or details is not null)
        limit :limit for update skip locked
    ))
    """
)
_PURGE_TICKETS = text(
    """
    update tickets set details = '{}'
    from evenings
    where evenings.evening_id = tickets.evening_id and evenings.ends_at < :before and tickets.details <> '{}'
    """
)
BATCH = 1000


async def erase(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Erases codes and links of these participants, the contents of all their letters, and their names in letters to
    colleagues to whom they offered or gave a ticket; suppresses their unsent letters.
    """
    parameters = {"participant_ids": list(participant_ids)}
    await work.execute(_ERASE_TICKETS, parameters)
    await work.execute(_LOCK_PERSONAL, parameters)
    await work.execute(_ERASE_LETTERS, parameters | {"now": work.now})
    await work.execute(_ERASE_GIVERS, parameters)
    await work.execute(_ERASE_HOLDERS, parameters)


async def purge(work: UnitOfWork, before: datetime) -> bool:
    """Removes the contents of a batch of letters that ended before this moment; returns whether there are more.

    With them go the codes and links of evenings that were over by then. The record of what was sent when stays.
    """
    await work.execute(_MARK_ENDED, {"now": work.now})
    await work.execute(_PURGE_TICKETS, {"before": before})
    purged = await work.execute(_PURGE_LETTERS, {"before": before, "limit": BATCH})
    return purged.rowcount == BATCH
