"""Decides about the messages of HR, hundreds at a time: the rows, the events and the receipts they lead to."""

from collections.abc import Collection, Sequence
from uuid import UUID, uuid4

import structlog

from culture_connect.contracts import EnrolmentRequested, Envelope, ParticipantErased, local_day
from culture_connect.messaging import UnitOfWork
from registration import events
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
            events.enrolment_refused(
                work, partner, envelope.id, decision.errors, employee_ref=message.employee_ref, cause=envelope
            )
            continue
        events.enrolment_accepted(
            work,
            partner,
            envelope.id,
            employee_ref=message.employee_ref,
            participant_id=decision.participant_id,
            outcome=decision.outcome,
            cause=envelope,
        )


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
            events.participant_event(work, decision.event, partner, cause=envelope)
            if decision.event.version == 1 and roster.tombstone(message.employee_ref):
                _log.info(
                    "enrolled again after an erasure", partner=partner, participant_id=str(decision.participant_id)
                )
    await erasures.begin(
        work, [each.event.participant_id for each in decided.of_each if isinstance(each.event, ParticipantErased)]
    )
    return decided.of_each
