"""The events that notifications publishes, in the transaction that made them."""

from uuid import UUID

from culture_connect.contracts import Envelope, ErasureCompleted, MailUndeliverable
from culture_connect.messaging import UnitOfWork, core_event


def mail_undeliverable(work: UnitOfWork, participant_id: UUID, address_sha256: str) -> None:
    """Publishes that mail to this address of the participant does not arrive."""
    message = MailUndeliverable(participant_id=participant_id, address_sha256=address_sha256)
    work.emit(message, core_event(message, None), subject=str(participant_id))


def erasure_completed(work: UnitOfWork, participant_id: UUID, cause: Envelope) -> None:
    """Publishes that notifications holds nothing personal of the participant any more; `cause` is the request."""
    message = ErasureCompleted(participant_id=participant_id)
    work.emit(message, core_event(message, "notifications"), subject=str(participant_id), cause=cause)
