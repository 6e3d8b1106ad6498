"""A mail that will never arrive, refused or come back: its letters have failed, and the house hears of the address."""

from uuid import UUID

from culture_connect.contracts import MailUndeliverable
from culture_connect.messaging import UnitOfWork, core_event
from notifications.sending.bounces import Bounce
from notifications.store import claims


async def note(work: UnitOfWork, bounce: Bounce) -> None:
    """Takes a report of the delivery of a mail.

    Only a failure for good of a mail of ours changes anything, and only the first time.
    """
    if bounce.letter_id is None or not bounce.permanent:
        return
    for participant in await claims.bounced(work, bounce.letter_id, f"bounced-{bounce.status}"):
        tell_undeliverable(work, participant)


def tell_undeliverable(work: UnitOfWork, participant_id: UUID) -> None:
    """Tells registration, and through it HR, that mail to this participant does not arrive."""
    news = MailUndeliverable(participant_id=participant_id)
    work.emit(news, core_event(news, None), subject=str(participant_id))
