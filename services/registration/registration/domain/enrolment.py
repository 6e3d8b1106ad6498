"""Is this enrolment valid, and what does it change: the rules of the public contract, "What an HR system sends"."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from culture_connect.contracts import (
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Outcome,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    RefusalError,
    problem,
)
from culture_connect.contracts.envelope import written_time
from registration.domain.roster import Contract, Participant, Person, Roster, Standing, Tombstone, email_key, latest

EnrolmentMessage = EnrolmentRequested | EnrolmentWithdrawn | EnrolmentErased
ParticipantEvent = ParticipantEnrolled | ParticipantChanged | ParticipantWithdrawn | ParticipantErased

# To what times are told: an AMQP timestamp in seconds (AMQP 0-9-1, 4.2.5.4), many programs in milliseconds.
SECOND: Final = timedelta(seconds=1)
MILLISECOND: Final = timedelta(milliseconds=1)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Command:
    """A message, when it was sent, and an id should it bring somebody new.

    `listed` means that a request comes from a list of those who take part now: it does not take back a withdrawal on a
    later day, as one that asks for the employee would. `direct` means that whoever asked waits for the answer: it comes
    after everything that was applied, also where another replica's clock is ahead of this one.
    """

    message: EnrolmentMessage
    sent_at: datetime
    new_id: UUID
    listed: bool = False
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Either `errors`, or the `outcome` and whom it is about; if anything changed, what they are now, and the event."""

    outcome: Outcome | None = None
    participant_id: UUID | None = None
    participant: Participant | None = None
    event: ParticipantEvent | None = None
    errors: tuple[RefusalError, ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """A decision for each command, and what is to be saved.

    `changed` are participants as they are now, `confirmed` by their ids the `last_command_at` of those of whom nothing
    else changed, and `tombstones` stand by employee reference.
    """

    of_each: list[Decision]
    changed: list[Participant]
    confirmed: dict[UUID, datetime]
    tombstones: dict[str, Tombstone]


def decide_all(roster: Roster, commands: Sequence[Command], today: date) -> Decisions:
    """Decides about the commands in their order, each knowing the effects of those before it.

    `roster` itself stays as it is. `today` is the day in The Hague.
    """
    roster = roster.copy()
    decisions = []
    changed: dict[UUID, Participant] = {}
    confirmed: dict[UUID, datetime] = {}
    tombstones: dict[str, Tombstone] = {}
    for command in commands:
        decision = decide(roster, command, today)
        decisions.append(decision)
        employee_ref = command.message.employee_ref
        known = roster.employee(employee_ref)
        if known is None or decision.outcome is Outcome.ERASED:
            tombstone = _remembered(roster, known, command, decision)
            if tombstone is not None:
                tombstones[employee_ref] = tombstone
                roster.add_tombstone(employee_ref, tombstone)
        if decision.participant is not None:
            roster.replace(employee_ref, decision.participant)
            changed[decision.participant.participant_id] = decision.participant
            confirmed.pop(decision.participant.participant_id, None)
        elif known is not None and decision.outcome is Outcome.UNCHANGED:
            last_command_at = _last_command_at(known, command)
            if last_command_at != known.last_command_at:
                same = roster.confirm(employee_ref, known, last_command_at)
                if known.participant_id in changed:
                    changed[known.participant_id] = same
                else:
                    confirmed[known.participant_id] = last_command_at
    return Decisions(decisions, list(changed.values()), confirmed, tombstones)


def decide(roster: Roster, command: Command, today: date) -> Decision:
    """Decides about one command; `roster` stays as it is."""
    if roster.contract is None:
        return Decision(errors=(problem("unknown_partner", "your organisation is not registered as a partner"),))
    message = command.message
    if isinstance(message, EnrolmentRequested):
        return _request(roster, roster.contract, command, message, today)
    known = roster.employee(message.employee_ref)
    tombstone = roster.tombstone(message.employee_ref)
    if known is None and tombstone and tombstone.participant_id and isinstance(message, EnrolmentErased):
        return Decision(Outcome.ERASED, tombstone.participant_id)
    if known is None:
        words = "is not known: nobody was enrolled with it, or they were erased"
        return Decision(errors=(problem("unknown_employee", words, field="employee_ref"),))
    late = _too_late(roster, command)
    if late:
        return Decision(errors=tuple(late))
    if isinstance(message, EnrolmentWithdrawn):
        return _withdraw(roster.contract, known, command, message, today)
    return _erase(known)


def _request(
    roster: Roster, contract: Contract, command: Command, message: EnrolmentRequested, today: date
) -> Decision:
    known = roster.employee(message.employee_ref)
    person = Person(
        given_name=message.given_name,
        family_name=message.family_name,
        email=message.email,
        email_key=email_key(message.email),
        language=message.language,
        starts_on=message.starts_on,
        ends_on=message.ends_on,
    )
    # A withdrawal on a later day is taken back like one that holds already.
    stays = known is not None and known.enrolled and (known.leaves_on is None or command.listed)
    late = _too_late(roster, command)
    if stays and known is not None and known.person == person and not late:
        return Decision(Outcome.UNCHANGED, known.participant_id)
    errors = _objections(roster, contract, known, person, today) + late
    if errors:
        return Decision(errors=tuple(errors))
    participant = Participant(
        participant_id=known.participant_id if known else command.new_id,
        employee_ref=message.employee_ref,
        standing=Standing.ENROLLED,
        person=person,
        leaves_on=known.leaves_on if known is not None and stays else None,
        version=known.version + 1 if known else 1,
        last_command_at=_last_command_at(known, command),
    )
    model = ParticipantChanged if stays else ParticipantEnrolled
    event = model(
        participant_id=participant.participant_id,
        partner=contract.partner,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        language=person.language,
        starts_on=person.starts_on,
        ends_on=_last_day(participant, person),
        version=participant.version,
    )
    if stays:
        return Decision(Outcome.CHANGED, participant.participant_id, participant, event)
    starts_later = person.starts_on is not None and person.starts_on > today
    outcome = Outcome.SCHEDULED if starts_later else Outcome.ENROLLED
    return Decision(outcome, participant.participant_id, participant, event)


def _last_day(participant: Participant, person: Person) -> date | None:
    """Until when they take part. Readers take what is told last for all of it: a withdrawal is part of that."""
    leaving = [participant.leaves_on - timedelta(days=1)] if participant.leaves_on else []
    return min([*leaving, *([person.ends_on] if person.ends_on else [])], default=None)


def _objections(
    roster: Roster, contract: Contract, known: Participant | None, person: Person, today: date
) -> list[RefusalError]:
    """Everything that is wrong, so that HR can mend it at once."""
    errors = []
    if contract.has_left:
        errors.append(problem("partner_left", "your organisation no longer takes part"))
    elif contract.ends_on < today:
        errors.append(problem("contract_ended", f"your contract ended on {contract.ends_on}"))
    elif person.starts_on is not None and contract.ends_on < person.starts_on:
        words = f"must not be after the end of your contract, {contract.ends_on}"
        errors.append(problem("starts_after_contract", words, field="starts_on"))
    if person.ends_on is not None and person.ends_on < today:
        errors.append(problem("already_over", "must not be in the past", field="ends_on"))
    if not roster.is_free(person.email_key, known):
        errors.append(problem("email_in_use", "is the address of another active participant of yours", field="email"))
    if (known is None or not known.enrolled) and roster.active >= contract.places:
        words = f"all {contract.places} contracted places are taken: withdraw somebody first, or contract more"
        errors.append(problem("no_places_left", words))
    return errors


def _too_late(roster: Roster, command: Command) -> list[RefusalError]:
    """Refuses a message that was sent before an erasure, or before the last command, and is delivered after it."""
    employee_ref = command.message.employee_ref
    tombstone = roster.tombstone(employee_ref)
    asked_for = isinstance(command.message, EnrolmentRequested)
    if asked_for and tombstone and tombstone.erased_at and _sent_before(command.sent_at, tombstone.erased_at):
        words = "was erased after this message was sent: send a new one if they are to take part again"
        return [problem("erased_since", words, field="employee_ref")]
    last = roster.last_command_at(employee_ref)
    if last is None or command.direct or not _sent_before(command.sent_at, last):
        return []
    words = (
        f"has a later message, sent at {written_time(last)}, that was taken already: send this one again if it holds"
    )
    return [problem("superseded", words, field="employee_ref")]


def _sent_before(sent_at: datetime, last: datetime) -> bool:
    """Returns whether one moment is certainly before the other: a time in whole seconds is any moment of its second.

    Two times of unlike precision are so compared at the coarser one, and equal ones leave it to the order of arrival.
    """
    return sent_at + _precision(sent_at) <= last


def _precision(moment: datetime) -> timedelta:
    if moment.microsecond == 0:
        return SECOND
    return MICROSECOND if moment.microsecond % 1000 else MILLISECOND


def _last_command_at(known: Participant | None, command: Command) -> datetime:
    """Returns when the newest command about them was sent once this one is applied."""
    before = known.last_command_at if known else None
    return command.sent_at if before is None else max(before, command.sent_at)


def _remembered(roster: Roster, known: Participant | None, command: Command, decision: Decision) -> Tombstone | None:
    """The tombstone of an employee who is erased, or whom nobody knows and who leaves; None if nothing is new."""
    before = roster.tombstone(command.message.employee_ref)
    if decision.outcome is Outcome.ERASED and decision.participant_id is not None:
        # Also when it was asked for again: what was sent in between is from before this erasure.
        erased_at = latest(_last_command_at(known, command), before.erased_at if before else None)
        return Tombstone(decision.participant_id, erased_at, before.last_command_at if before else None)
    if roster.contract is None or isinstance(command.message, EnrolmentRequested):
        return None
    # Their enrolment may have been held up on its way, a dead letter perhaps: it must not enrol who has left since.
    before = before or Tombstone(None, None)
    left = replace(before, last_command_at=latest(before.last_command_at, command.sent_at))
    return left if left != before else None


def _withdraw(
    contract: Contract, known: Participant, command: Command, message: EnrolmentWithdrawn, today: date
) -> Decision:
    # What was before today has happened: nobody loses a seat on an evening that is over.
    leaves_on = max(message.effective_on or today, today)
    if not known.enrolled or known.leaves_on == leaves_on:
        return Decision(Outcome.UNCHANGED, known.participant_id)
    later = leaves_on > today
    standing = Standing.ENROLLED if later else Standing.WITHDRAWN
    participant = replace(
        known,
        standing=standing,
        leaves_on=leaves_on,
        version=known.version + 1,
        last_command_at=_last_command_at(known, command),
    )
    event = ParticipantWithdrawn(
        participant_id=known.participant_id,
        partner=contract.partner,
        effective_on=leaves_on,
        version=participant.version,
    )
    outcome = Outcome.SCHEDULED if later else Outcome.WITHDRAWN
    return Decision(outcome, known.participant_id, participant, event)


def _erase(known: Participant) -> Decision:
    participant = Participant(
        participant_id=known.participant_id,
        employee_ref=None,
        standing=Standing.ERASED,
        person=None,
        leaves_on=None,
        version=known.version + 1,
    )
    event = ParticipantErased(participant_id=known.participant_id, version=participant.version)
    return Decision(Outcome.ERASED, known.participant_id, participant, event)
