"""What a bounce does: the letter it is about has failed after all, and registration hears of the address."""

from sqlalchemy import text

from culture_connect.contracts import MailUndeliverable
from culture_connect.messaging import UnitOfWork, core_event
from notifications.sending.bounces import Bounce

# A letter that failed before has been told of.
_BOUNCED = text(
    """
    update letters set state = 'failed', reason = :reason, ended_at = now()
    where mail_id = :mail_id and state in ('sending', 'sent', 'planned')
    returning participant_id
    """
)
_KNOWN = text("select exists (select from letters where mail_id = :mail_id)")


async def note(work: UnitOfWork, bounce: Bounce) -> bool:
    """Takes a report of the delivery of a mail; True when it is about one of ours.

    Only a failure for good changes anything, and only the first time: then `mail.undeliverable` goes out.
    """
    if bounce.letter_id is None:
        return False
    mail = {"mail_id": bounce.letter_id}
    if bounce.permanent:
        rows = list(await work.execute(_BOUNCED, mail | {"reason": f"bounced-{bounce.status}"}))
        for participant in {row.participant_id for row in rows if row.participant_id is not None}:
            news = MailUndeliverable(participant_id=participant)
            work.emit(news, core_event(news, None), subject=str(participant))
    return bool((await work.execute(_KNOWN, mail)).scalar_one())
