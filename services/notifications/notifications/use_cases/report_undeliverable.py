"""Reports an address that mail does not reach to registration, and through it to HR."""

from uuid import UUID

from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from notifications import events
from notifications.store import contacts


async def report_undeliverable(work: UnitOfWork, participant_id: UUID, recipient: str | None) -> None:
    """Publishes that mail to this address of the participant does not arrive, while they still have it.

    `recipient` is None when the address that the mail went to is not kept any more: then nothing is published.
    """
    known = await contacts.find_address(work, participant_id)
    if known is None or recipient is None:
        return
    digest = address_digest(known.partner, recipient).hex()
    if digest == known.digest:
        events.mail_undeliverable(work, participant_id, digest)
