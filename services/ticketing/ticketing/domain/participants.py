"""The participant as ticketing knows them, put together from events that may arrive in any order.

Each group of fields remembers the version it was last set with, so that an event that arrives late changes only
what nothing newer has set. Erasure is final, whatever arrives after it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from culture_connect.contracts import (
    Language,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    local_day,
)
from culture_connect.contracts.addresses import address_digest
from culture_connect.contracts.names import full_name

ParticipantEvent = ParticipantEnrolled | ParticipantChanged | ParticipantWithdrawn | ParticipantErased


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant as far as seats are concerned. Versions are 0 where nothing is known yet."""

    participant_id: UUID
    partner: str | None = None
    holder_name: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    version: int = 0
    enrolled_version: int = 0
    # When the enrolment that made them active was decided: their request time on automatic evenings.
    requested_at: datetime | None = None
    withdrawn_version: int = 0
    # Kept after a re-enrolment: seats of the enrolment before it are not seats of this one.
    withdrawn_on: date | None = None
    erased: bool = False
    language: Language | None = None
    # Enough to find the colleague whom somebody names, and no address to write to: that is for the letters.
    address_sha256: bytes | None = None

    @property
    def withdrawn(self) -> bool:
        """True when the newest event of this enrolment is a withdrawal, now or on a day to come."""
        return self.withdrawn_version > self.version

    @property
    def active_until(self) -> date | None:
        """The first day on which they are no longer active, None when no end is known."""
        ends = [self.ends_on + timedelta(days=1)] if self.ends_on else []
        if self.withdrawn and self.withdrawn_on:
            ends.append(self.withdrawn_on)
        return min(ends, default=None)

    def is_active_on(self, day: date) -> bool:
        """True when their enrolment is known and covers the day; erasure leaves no request time behind."""
        if self.requested_at is None or (self.starts_on is not None and day < self.starts_on):
            return False
        return self.active_until is None or day < self.active_until


def holder_name(event: ParticipantEnrolled | ParticipantChanged) -> str:
    """Returns the name as it is printed on a ticket."""
    return full_name(event.given_name, event.family_name)


def apply_event(participant: Participant, event: ParticipantEvent, at: datetime) -> Participant:
    """Returns the participant after `event` of the moment `at`; the same for any order of the same events."""
    if participant.erased:
        return participant
    match event:
        case ParticipantErased():
            return Participant(participant.participant_id, version=event.version, erased=True)
        case ParticipantWithdrawn():
            return _with_withdrawal(participant, event, at)
        case _:
            return _with_details(participant, event, at)


def has_re_enrolled(before: Participant, now: Participant) -> bool:
    """Tells whether it was just learnt that they withdrew and enrolled again, in whatever order that arrived."""
    learnt = (before.enrolled_version, before.withdrawn_version) != (now.enrolled_version, now.withdrawn_version)
    return learnt and 0 < now.withdrawn_version < now.enrolled_version


def has_address_changed(before: Participant, now: Participant) -> bool:
    """Tells whether they have another address than before, so that links and codes sent there must end."""
    return None not in (before.address_sha256, now.address_sha256) and before.address_sha256 != now.address_sha256


def _with_withdrawal(participant: Participant, event: ParticipantWithdrawn, at: datetime) -> Participant:
    if event.version <= participant.withdrawn_version:
        return participant
    day = event.effective_on or local_day(at)
    return replace(participant, withdrawn_version=event.version, withdrawn_on=day)


def _with_details(
    participant: Participant, event: ParticipantEnrolled | ParticipantChanged, at: datetime
) -> Participant:
    if isinstance(event, ParticipantEnrolled) and event.version > participant.enrolled_version:
        participant = replace(participant, enrolled_version=event.version, requested_at=at)
    if event.version <= participant.version:
        return participant
    return replace(
        participant,
        partner=event.partner,
        holder_name=holder_name(event),
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        version=event.version,
        language=event.language,
        address_sha256=address_digest(event.partner, event.email),
    )
