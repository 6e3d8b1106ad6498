"""Events that registration publishes to the other services: partners, participants, evenings."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from culture_connect.contracts import examples
from culture_connect.contracts.base import Localised, Message, Model
from culture_connect.contracts.evening import Evening
from culture_connect.contracts.values import (
    Day,
    EmailText,
    Language,
    ParticipantId,
    PartnerName,
    PersonName,
    Places,
    Slug,
    Version,
)


class _Partner(Model):
    slug: Slug
    name: PartnerName
    places: Places
    language: Annotated[Language, Field(description="Language of letters to the partner")]
    version: Version
    starts_on: Annotated[Day | None, Field(description="First day of the contract")] = None
    ends_on: Annotated[Day | None, Field(description="Last day of the contract")] = None
    contact_email: Annotated[EmailText | None, Field(description="Whom to write to at the partner")] = None


class PartnerRegistered(_Partner, Message):
    """A new employer takes part."""

    type: ClassVar[str] = "nl.cultureconnect.partner.registered.v1"
    example_data: ClassVar = examples.PARTNER


class PartnerChanged(_Partner, Message):
    """A partner's data or contract changed; this is what holds now."""

    type: ClassVar[str] = "nl.cultureconnect.partner.changed.v1"
    example_data: ClassVar = {**examples.PARTNER, "places": 45, "version": 2}


class PartnerLeft(_Partner, Message):
    """A partner no longer takes part; this is what held last."""

    type: ClassVar[str] = "nl.cultureconnect.partner.left.v1"
    example_data: ClassVar = {**examples.PARTNER, "places": 45, "version": 3}


class _Participant(Model):
    participant_id: ParticipantId
    partner: Slug
    given_name: PersonName
    family_name: PersonName
    email: EmailText
    language: Annotated[Language, Field(description="Language of their letters")]
    starts_on: Annotated[Day | None, Field(description="First day on which they take part")] = None
    ends_on: Annotated[Day | None, Field(description="Last day on which they take part")] = None
    version: Version


class ParticipantEnrolled(_Participant, Message):
    """Somebody takes part, for the first time or again after a withdrawal."""

    type: ClassVar[str] = "nl.cultureconnect.participant.enrolled.v1"
    example_data: ClassVar = examples.PARTICIPANT


class ParticipantChanged(_Participant, Message):
    """A participant's data changed; this is what holds now."""

    type: ClassVar[str] = "nl.cultureconnect.participant.changed.v1"
    example_data: ClassVar = {**examples.PARTICIPANT, "language": Language.EN, "version": 2}


class ParticipantWithdrawn(Message):
    """A participant no longer takes part, from a day on."""

    type: ClassVar[str] = "nl.cultureconnect.participant.withdrawn.v1"
    example_data: ClassVar = {
        "participant_id": examples.PARTICIPANT_ID,
        "partner": "acme",
        "effective_on": date(2027, 2, 1),
        "version": 3,
    }

    participant_id: ParticipantId
    partner: Slug
    effective_on: Annotated[
        Day | None, Field(description="First day on which they no longer take part; the day of the message when absent")
    ] = None
    version: Version


class ParticipantErased(Message):
    """Everything about this participant is to be forgotten; whoever did says `erasure.completed`."""

    type: ClassVar[str] = "nl.cultureconnect.participant.erased.v1"
    example_data: ClassVar = {"participant_id": examples.PARTICIPANT_ID, "version": 4}

    participant_id: ParticipantId
    version: Version


class EveningScheduled(Evening, Message):
    """An evening is on the programme."""

    type: ClassVar[str] = "nl.cultureconnect.evening.scheduled.v1"
    example_data: ClassVar = examples.EVENING


class EveningChanged(Evening, Message):
    """An evening changed; this is what holds now."""

    type: ClassVar[str] = "nl.cultureconnect.evening.changed.v1"
    example_data: ClassVar = {**examples.EVENING, "capacity": 180, "version": 2, "changed": ["capacity"]}

    changed: Annotated[list[str], Field(description="Names of the fields that changed")]


class EveningCancelled(Evening, Message):
    """An evening does not take place."""

    type: ClassVar[str] = "nl.cultureconnect.evening.cancelled.v1"
    example_data: ClassVar = {
        **examples.EVENING,
        "version": 3,
        "reason": Localised(nl="De zaal staat onder water", en="The hall is flooded"),
    }

    reason: Annotated[Localised | None, Field(description="What to tell those who would have come")] = None
