"""Deciding about what HR says of its people, hundreds of messages at a time."""

from collections.abc import Collection, Sequence
from uuid import UUID, uuid4

import structlog

from culture_connect.contracts import (
    EnrolmentAccepted,
    EnrolmentRefused,
    EnrolmentRequested,
    EnrolmentUndeliverable,
    Envelope,
    MailUndeliverable,
    ParticipantErased,
    RefusalError,
)
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork, core_event, receipt_to
from registration.domain.calendar import local_day
from registration.domain.enrolment import Command, Decision, EnrolmentMessage, decide_all
from registration.domain.roster import email_key
from registration.store import erasures, participants, partners
from registration.store.tombstones import Tombstones
from registration.use_cases.lock_roster import lock_roster

_log = structlog.get_logger(__name__)


async def answer_enrolments(
    work: UnitOfWork, tombstones: Tombstones, partner: str, messages: Sequence[tuple[EnrolmentMessage, Envelope]]
) -> None:
    """Decides about the messages of one partner's HR system in their order, with exactly one receipt each."""
    await partners.heard_on_bus(work, partner)
    decisions = await decide_enrolments(work, tombstones, partner, messages)
    for (message, envelope), decision in zip(messages, decisions, strict=True):
        if decision.outcome is None or decision.participant_id is None:
            refuse(work, partner, envelope.id, decision.errors, employee_ref=message.employee_ref, cause=envelope)
            continue
        receipt = EnrolmentAccepted(
            message_id=envelope.id,
            employee_ref=message.employee_ref,
            participant_id=decision.participant_id,
            outcome=decision.outcome,
        )
        work.emit(receipt, receipt_to(partner), subject=str(decision.participant_id), cause=envelope)


async def decide_enrolments(
    work: UnitOfWork,
    tombstones: Tombstones,
    partner: str,
    messages: Sequence[tuple[EnrolmentMessage, Envelope | None]],
    *,
    listed: bool = False,
    giving_up: Collection[UUID] = (),
) -> list[Decision]:
    """Decides about the messages in their order, whoever brought them: rows, and events for the other services.

    A message without envelope is sent now, by somebody who waits; for `listed` see `Command`, for `giving_up` (ids of
    participants) `Roster`. Returns a decision for each.
    """
    today = local_day(work.now)
    # Nobody sends from the future, also where a clock is fast: who is erased could not come back before that moment.
    commands = [
        Command(
            message, min(envelope.time, work.now) if envelope else work.now, uuid4(), listed, direct=envelope is None
        )
        for message, envelope in messages
    ]
    roster = await lock_roster(
        work,
        tombstones,
        partner,
        refs={message.employee_ref for message, _ in messages},
        email_keys={email_key(message.email) for message, _ in messages if isinstance(message, EnrolmentRequested)},
        today=today,
        giving_up=giving_up,
    )
    decided = decide_all(roster, commands, today)
    await participants.save(work, partner, roster, decided.changed)
    await participants.confirm(work, decided.confirmed)
    await tombstones.save(work, partner, decided.tombstones)
    for (message, envelope), decision in zip(messages, decided.of_each, strict=True):
        if decision.event is not None:
            subject = str(decision.participant_id)
            work.emit(decision.event, core_event(decision.event, partner), subject=subject, cause=envelope)
            if decision.event.version == 1 and roster.tombstone(message.employee_ref):
                _log.info("enrolled anew after an erasure", partner=partner, participant_id=subject)
    await erasures.begin(
        work, [each.event.participant_id for each in decided.of_each if isinstance(each.event, ParticipantErased)]
    )
    return decided.of_each


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


async def tell_undeliverable(work: UnitOfWork, bounces: Collection[tuple[MailUndeliverable, Envelope]]) -> None:
    """Tells HR systems which of their people mail does not reach, at which address.

    Nobody hears of those who were erased, nor of an address that was corrected since.
    """
    found = await participants.employees(work, {bounce.participant_id for bounce, _ in bounces})
    for bounce, envelope in bounces:
        if (employee := found.get(bounce.participant_id)) is None:
            continue
        present = address_digest(employee.partner, employee.email).hex()
        if bounce.address_sha256 not in (None, present):
            continue
        receipt = EnrolmentUndeliverable(
            participant_id=bounce.participant_id, employee_ref=employee.employee_ref, email=employee.email
        )
        work.emit(receipt, receipt_to(employee.partner), subject=str(bounce.participant_id), cause=envelope)
