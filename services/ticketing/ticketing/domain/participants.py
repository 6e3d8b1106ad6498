"""What ticketing knows about a participant, put together from events that may arrive in any order.

Each group of fields remembers the version it was last told with, so that an event that arrives late changes only
what nothing newer has said. Erasure is final, whatever arrives after it.
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
    """A participant as far as seats are concerned. Versions are 0 where nothing was told yet."""

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
        """True when the last word about this enrolment was a withdrawal, now or on a day to come."""
        return self.withdrawn_version > self.version

    @property
    def active_until(self) -> date | None:
        """The first day on which they are no longer active, None when no end is known."""
        ends = [self.ends_on + timedelta(days=1)] if self.ends_on else []
        if self.withdrawn and self.withdrawn_on:
            ends.append(self.withdrawn_on)
        return min(ends, default=None)


def holder_name(event: ParticipantEnrolled | ParticipantChanged) -> str:
    """The name as it is printed on a ticket."""
    return full_name(event.given_name, event.family_name)


def after(participant: Participant, event: ParticipantEvent, at: datetime) -> Participant:
    """What is known once `event` of the moment `at` is known too; the same for any order of the same events."""
    if participant.erased:
        return participant
    match event:
        case ParticipantErased():
            return Participant(participant.participant_id, version=event.version, erased=True)
        case ParticipantWithdrawn():
            return _withdrawn(participant, event, at)
        case _:
            return _told(participant, event, at)


def has_returned(before: Participant, now: Participant) -> bool:
    """Whether it was just learnt that they withdrew and enrolled again, in whatever order that was told."""
    learnt = (before.enrolled_version, before.withdrawn_version) != (now.enrolled_version, now.withdrawn_version)
    return learnt and 0 < now.withdrawn_version < now.enrolled_version


def has_moved(before: Participant, now: Participant) -> bool:
    """Whether they have another address than before: what was sent to that one counts no longer."""
    return None not in (before.address_sha256, now.address_sha256) and before.address_sha256 != now.address_sha256


def _withdrawn(participant: Participant, event: ParticipantWithdrawn, at: datetime) -> Participant:
    if event.version <= participant.withdrawn_version:
        return participant
    day = event.effective_on or local_day(at)
    return replace(participant, withdrawn_version=event.version, withdrawn_on=day)


def _told(participant: Participant, event: ParticipantEnrolled | ParticipantChanged, at: datetime) -> Participant:
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
