"""A mail that will never arrive, refused or come back: its letters have failed, and the house hears of the address.

It hears of an address only where the fault is the address's, and it still is the participant's. Whatever else it is,
figures, logs and the list of letters tell the operator.
"""

from uuid import UUID

import structlog

from culture_connect.contracts import MailUndeliverable
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork, core_event
from notifications.delivery.bounces import Bounce
from notifications.domain.faults import Fault
from notifications.store import claims, contacts

log = structlog.get_logger(__name__)


async def note(work: UnitOfWork, bounce: Bounce) -> None:
    """Takes a report of the delivery of a mail.

    Only a failure for good of a mail of ours changes anything, and only the first time.
    """
    if bounce.letter_id is None or not bounce.permanent:
        return
    written_to = await claims.written_to(work, bounce.letter_id)
    people = await claims.bounced(work, bounce.letter_id, f"bounced-{bounce.status}")
    if people and bounce.fault is not Fault.ADDRESS:
        log.warning("letter came back", letter_id=str(bounce.letter_id), status=bounce.status, fault=str(bounce.fault))
        return
    for participant in people:
        await tell_undeliverable(work, participant, written_to)


async def tell_undeliverable(work: UnitOfWork, participant_id: UUID, written_to: str | None) -> None:
    """Tells registration, and through it HR, that mail to this address of the participant does not arrive.

    Nobody hears of one that they do not have any more, nor when it is not known any more to which the mail went.
    """
    present = await contacts.address(work, participant_id)
    if present is None or written_to is None:
        return
    digest = address_digest(present.partner, written_to).hex()
    if digest != present.digest:
        return
    news = MailUndeliverable(participant_id=participant_id, address_sha256=digest)
    work.emit(news, core_event(news, None), subject=str(participant_id))
