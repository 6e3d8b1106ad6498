"""The events that registration publishes, and its receipts to HR systems, in the transaction that causes them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from culture_connect.contracts import (
    EnrolmentAccepted,
    EnrolmentRefused,
    EnrolmentUndeliverable,
    Envelope,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    Language,
    Outcome,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
    RefusalError,
    Unasked,
)
from culture_connect.messaging import UnitOfWork, core_event, receipt_to
from registration.domain.enrolment import ParticipantEvent
from registration.store.partners import Partner

EveningEvent = EveningScheduled | EveningChanged | EveningCancelled
PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft


def participant_event(work: UnitOfWork, event: ParticipantEvent, partner: str, cause: Envelope | None) -> None:
    """Publishes what a decision about a participant of the partner led to."""
    work.emit(event, core_event(event, partner), subject=str(event.participant_id), cause=cause)


def participant_withdrawn(
    work: UnitOfWork, partner: str, participant_id: UUID, *, effective_on: date, version: int
) -> UUID:
    """Publishes that a participant takes part no more from that day on; returns the id of the event."""
    event = ParticipantWithdrawn(
        participant_id=participant_id, partner=partner, effective_on=effective_on, version=version
    )
    return work.emit(event, core_event(event, partner), subject=str(participant_id))


def evening_event(work: UnitOfWork, event: EveningEvent) -> None:
    """Publishes an evening as it is scheduled, changed or cancelled."""
    work.emit(event, core_event(event, event.venue), subject=str(event.evening_id))


def partner_event(work: UnitOfWork, kind: type[PartnerEvent], partner: Partner) -> None:
    """Publishes a partner as it is now, as an event of this kind."""
    event = kind(
        slug=partner.slug,
        name=partner.name,
        places=partner.places,
        language=Language(partner.language),
        contact_email=partner.contact_email,
        starts_on=partner.starts_on,
        ends_on=partner.ends_on,
        version=partner.version,
    )
    work.emit(event, core_event(event, partner.slug), subject=partner.slug)


def enrolment_accepted(
    work: UnitOfWork,
    partner: str,
    message_id: str,
    *,
    employee_ref: str,
    participant_id: UUID,
    outcome: Outcome,
    reason: Unasked | None = None,
    cause: Envelope | None = None,
) -> None:
    """Sends the receipt of a message of HR that has its effect, or of a change that HR did not ask for."""
    receipt = EnrolmentAccepted(
        message_id=message_id,
        employee_ref=employee_ref,
        participant_id=participant_id,
        outcome=outcome,
        reason=reason,
    )
    work.emit(receipt, receipt_to(partner), subject=str(participant_id), cause=cause)


def enrolment_refused(
    work: UnitOfWork,
    partner: str,
    message_id: str,
    errors: Sequence[RefusalError],
    *,
    employee_ref: str | None,
    cause: Envelope,
) -> None:
    """Sends the receipt of a message of HR that has no effect, with the reasons."""
    receipt = EnrolmentRefused(message_id=message_id, employee_ref=employee_ref, errors=list(errors))
    work.emit(receipt, receipt_to(partner), cause=cause)


def mail_undeliverable(
    work: UnitOfWork, partner: str, participant_id: UUID, *, employee_ref: str, email: str, cause: Envelope
) -> None:
    """Tells HR that mail does not reach an employee at this address."""
    receipt = EnrolmentUndeliverable(participant_id=participant_id, employee_ref=employee_ref, email=email)
    work.emit(receipt, receipt_to(partner), subject=str(participant_id), cause=cause)
