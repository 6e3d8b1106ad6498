"""What is not kept: of somebody who was erased at once, of everybody after a while."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_FORGET_TICKETS = text("update tickets set details = '{}' where participant_id = any(:participant_ids)")
_LOCK_PERSONAL = text(
    """
    select letter_id from letters
    where participant_id = any(:participant_ids) or holder_id = any(:participant_ids) order by letter_id for update
    """
)
_FORGET_LETTERS = text(
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
_FORGET_GIVERS = text(
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
_FORGET_HOLDERS = text("update letters set holder_id = null where holder_id = any(:participant_ids)")
# One that an older release ended has no moment of its end yet: it gets this one.
_MARK_ENDED = text(
    """
    update letters set ended_at = cast(:now as timestamptz)
    where ended_at is null and state in ('sent', 'failed', 'suppressed')
    """
)
_FADE_LETTERS = text(
    """
    update letters set contents = null, details = null where letter_id = any(array(
        select letter_id from letters
        where ended_at < :before and (contents is not null or details is not null)
        limit :limit for update skip locked
    ))
    """
)
_FADE_TICKETS = text(
    """
    update tickets set details = '{}'
    from evenings
    where evenings.evening_id = tickets.evening_id and evenings.ends_at < :before and tickets.details <> '{}'
    """
)
PORTION = 1000


async def forget(work: UnitOfWork, participant_ids: Sequence[UUID]) -> None:
    """Removes codes and links of these participants, drops what they have not been sent yet, removes what all their
    letters held, and their names from the letters to colleagues whom they offered or gave a ticket.
    """
    parameters = {"participant_ids": list(participant_ids)}
    await work.execute(_FORGET_TICKETS, parameters)
    await work.execute(_LOCK_PERSONAL, parameters)
    await work.execute(_FORGET_LETTERS, parameters | {"now": work.now})
    await work.execute(_FORGET_GIVERS, parameters)
    await work.execute(_FORGET_HOLDERS, parameters)


async def fade(work: UnitOfWork, before: datetime) -> bool:
    """Removes the contents of letters that ended before this moment, a portion of them; True when there are more.

    With them go the codes and links of evenings that were over by then. What was sent when to whom stays.
    """
    await work.execute(_MARK_ENDED, {"now": work.now})
    await work.execute(_FADE_TICKETS, {"before": before})
    faded = await work.execute(_FADE_LETTERS, {"before": before, "limit": PORTION})
    return faded.rowcount == PORTION
