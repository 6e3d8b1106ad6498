"""Deciding about what HR systems say of their people, hundreds of messages at a time."""

from collections.abc import Collection, Sequence
from uuid import UUID, uuid4

from culture_connect.contracts import (
    EnrolmentAccepted,
    EnrolmentRefused,
    EnrolmentRequested,
    EnrolmentUndeliverable,
    Envelope,
    RefusalError,
)
from culture_connect.messaging import UnitOfWork, core_event, receipt_to
from registration.domain.calendar import local_day
from registration.domain.enrolment import Command, Decision, EnrolmentMessage, decide_all
from registration.domain.roster import email_key
from registration.store import participants


async def decide_enrolments(
    work: UnitOfWork, partner: str, messages: Sequence[tuple[EnrolmentMessage, Envelope]]
) -> None:
    """Decides about the messages of one partner in their order: rows, events, and exactly one receipt each."""
    commands = [Command(message, uuid4()) for message, _ in messages]
    today = local_day(work.now)
    roster = await participants.lock_roster(
        work,
        partner,
        refs={command.message.employee_ref for command in commands},
        email_keys={email_key(message.email) for message, _ in messages if isinstance(message, EnrolmentRequested)},
        today=today,
    )
    decisions, changed = decide_all(roster, commands, today)
    await participants.save(work, partner, roster, changed)
    for (message, envelope), decision in zip(messages, decisions, strict=True):
        _tell(work, partner, message.employee_ref, envelope, decision)


def refuse(
    work: UnitOfWork,
    partner: str,
    message_id: str,
    errors: Sequence[RefusalError],
    *,
    employee_ref: str | None = None,
    cause: Envelope | None = None,
) -> None:
    """Tells the partner's HR system why its message had no effect."""
    receipt = EnrolmentRefused(message_id=message_id, employee_ref=employee_ref, errors=list(errors))
    work.emit(receipt, receipt_to(partner), cause=cause)


async def tell_undeliverable(work: UnitOfWork, bounces: Collection[tuple[UUID, Envelope]]) -> None:
    """Tells HR systems which of their people mail does not reach; nobody hears of those who were erased."""
    found = await participants.employees(work, {participant_id for participant_id, _ in bounces})
    for participant_id, envelope in bounces:
        if participant_id not in found:
            continue
        partner, employee_ref = found[participant_id]
        receipt = EnrolmentUndeliverable(participant_id=participant_id, employee_ref=employee_ref)
        work.emit(receipt, receipt_to(partner), subject=str(participant_id), cause=envelope)


def _tell(work: UnitOfWork, partner: str, employee_ref: str, cause: Envelope, decision: Decision) -> None:
    if decision.participant is None or decision.outcome is None:
        refuse(work, partner, cause.id, decision.errors, employee_ref=employee_ref, cause=cause)
        return
    participant_id = decision.participant.participant_id
    subject = str(participant_id)
    if decision.event is not None:
        work.emit(decision.event, core_event(decision.event, partner), subject=subject, cause=cause)
    receipt = EnrolmentAccepted(
        message_id=cause.id, employee_ref=employee_ref, participant_id=participant_id, outcome=decision.outcome
    )
    work.emit(receipt, receipt_to(partner), subject=subject, cause=cause)
