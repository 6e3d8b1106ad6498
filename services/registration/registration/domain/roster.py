"""A partner's participants, as far as they matter for a decision."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from culture_connect.contracts import Language


class Standing(StrEnum):
    """`enrolled` takes one of the partner's places, also before the start and up to a withdrawal on a later day."""

    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of a partner: so many places, until and including a day, unless it left before."""

    partner: str
    places: int
    ends_on: date
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The data that HR sends of a participant. Two addresses with the same `email_key` are one address."""

    given_name: str
    family_name: str
    email: str
    email_key: str
    language: Language
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Participant:
    """One participant. `leaves_on` is the first day on which a withdrawal holds; `version` counts their events.

    `last_command_at` is when the newest of the commands that were applied to them was sent, also of those that changed
    nothing; None for a moment long ago, before such times were kept.

    Once erased nothing is left but the id, so that the same employee can only come back as somebody new.
    """

    participant_id: UUID
    employee_ref: str | None
    standing: Standing
    person: Person | None
    leaves_on: date | None
    version: int
    last_command_at: datetime | None = None

    @property
    def enrolled(self) -> bool:
        """Returns whether the participant takes a place."""
        return self.standing is Standing.ENROLLED


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A trace under an employee reference that does not tell who the person was.

    `participant_id` and `erased_at` tell that they were erased, and when that was last asked for. `last_command_at` is
    when a withdrawal or an erasure was last sent under a reference that nobody was known by.
    """

    participant_id: UUID | None
    erased_at: datetime | None
    last_command_at: datetime | None = None


def latest(*moments: datetime | None) -> datetime | None:
    """The last of the moments that there are; None when there is none."""
    return max((each for each in moments if each is not None), default=None)


def email_key(address: str) -> str:
    """The form in which addresses are compared: two with the same key are one.

    The contract brings domains to one way of writing (`EmailText`); the case of the part before them is left to HR.
    """
    return address.lower()


class Roster:
    """The participants that some messages are about, and what these messages could collide with.

    `participants` are those with the employee references, and the enrolled ones with the e-mail addresses, that the
    messages name; `tombstones` belong to employee references of theirs. `active` counts all enrolled participants of
    the partner, also those not among them. `giving_up` are those whose address is free for others, since it is certain
    that they get another one themselves.
    """

    def __init__(
        self,
        contract: Contract | None,
        active: int,
        participants: Iterable[Participant] = (),
        tombstones: Mapping[str, Tombstone] | None = None,
        giving_up: Collection[UUID] = (),
    ) -> None:
        self.contract = contract
        self._giving_up = giving_up
        self.active = active
        self._by_ref: dict[str, Participant] = {}
        self._by_email: dict[str, UUID] = {}
        self._tombstones = dict(tombstones or {})
        for participant in participants:
            self._add(participant)

    def employee(self, employee_ref: str) -> Participant | None:
        """Returns the participant known under this reference; nobody once they are erased."""
        return self._by_ref.get(employee_ref)

    def holder_of(self, email_key: str) -> UUID | None:
        """Returns the enrolled participant who has this address."""
        return self._by_email.get(email_key)

    def is_free(self, email_key: str, participant: Participant | None) -> bool:
        """Returns whether this participant, or somebody new, may have this address."""
        holder = self.holder_of(email_key)
        return holder is None or holder in self._giving_up or (participant and participant.participant_id) == holder

    def tombstone(self, employee_ref: str) -> Tombstone | None:
        """Returns the tombstone under this reference."""
        return self._tombstones.get(employee_ref)

    def last_command_at(self, employee_ref: str) -> datetime | None:
        """Returns when the newest command was sent that an older one of this employee must not undo."""
        known, tombstone = self._by_ref.get(employee_ref), self._tombstones.get(employee_ref)
        if tombstone is None:
            return known.last_command_at if known else None
        return latest(tombstone.last_command_at, known.last_command_at if known else None)

    def copy(self) -> Self:
        """A roster that can be changed without changing this one."""
        return type(self)(self.contract, self.active, self._by_ref.values(), self._tombstones, self._giving_up)

    def replace(self, employee_ref: str, changed: Participant) -> None:
        """Puts what was decided about the employee with this reference in the place of what was known before."""
        before = self._by_ref.pop(employee_ref, None)
        if before is not None and before.enrolled:
            self.active -= 1
            # Somebody else may have taken their address before they got another.
            if before.person is not None and self._by_email[before.person.email_key] == before.participant_id:
                del self._by_email[before.person.email_key]
        if changed.enrolled:
            self.active += 1
        self._add(changed)

    def confirm(self, employee_ref: str, known: Participant, last_command_at: datetime) -> Participant:
        """The employee known by this reference, of whom nothing changes but when the last command was sent."""
        # Written out, since a complete list confirms everybody: `dataclasses.replace` takes twice as long.
        same = Participant(
            known.participant_id,
            known.employee_ref,
            known.standing,
            known.person,
            known.leaves_on,
            known.version,
            last_command_at,
        )
        self._by_ref[employee_ref] = same
        return same

    def add_tombstone(self, employee_ref: str, tombstone: Tombstone) -> None:
        """Remembers this under the employee's reference."""
        self._tombstones[employee_ref] = tombstone

    def _add(self, participant: Participant) -> None:
        if participant.employee_ref is None or participant.person is None:
            return
        self._by_ref[participant.employee_ref] = participant
        if participant.enrolled:
            self._by_email[participant.person.email_key] = participant.participant_id
