"""What registration tells the other services."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from culture_connect.contracts.base import Message
from culture_connect.contracts.evening import Evening
from culture_connect.contracts.fields import (
    EmailText,
    HeaderSafe,
    Language,
    Localised,
    PersonName,
    Slug,
    Title,
    Version,
)


class Partner(Message):
    """A partner's contract for the season: how many people may take part, and when."""

    slug: Slug
    name: Title
    places: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    language: Language = Language.NL
    contact_email: EmailText | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    version: Version


class PartnerRegistered(Partner):
    """A partner takes part."""

    type: ClassVar[str] = "nl.cultureconnect.partner.registered.v1"


class PartnerChanged(Partner):
    """A partner's contract changed."""

    type: ClassVar[str] = "nl.cultureconnect.partner.changed.v1"


class PartnerLeft(Partner):
    """A partner no longer takes part."""

    type: ClassVar[str] = "nl.cultureconnect.partner.left.v1"


class Participant(Message):
    """A person who takes part, from and to as far as set."""

    participant_id: UUID
    partner: Slug
    given_name: PersonName
    family_name: PersonName
    email: Annotated[HeaderSafe, Field(max_length=254)]
    language: Language
    starts_on: date | None = None
    ends_on: date | None = None
    version: Version


class ParticipantEnrolled(Participant):
    """A person takes part, for the first time or again."""

    type: ClassVar[str] = "nl.cultureconnect.participant.enrolled.v1"


class ParticipantChanged(Participant):
    """A person's data changed."""

    type: ClassVar[str] = "nl.cultureconnect.participant.changed.v1"


class ParticipantWithdrawn(Message):
    """A person no longer takes part from `effective_on`; at once when that is left out."""

    type: ClassVar[str] = "nl.cultureconnect.participant.withdrawn.v1"

    participant_id: UUID
    partner: Slug
    effective_on: date | None = None
    version: Version


class ParticipantErased(Message):
    """Everything about a person must go."""

    type: ClassVar[str] = "nl.cultureconnect.participant.erased.v1"

    participant_id: UUID
    version: Version


class EveningScheduled(Evening):
    """An evening is planned."""

    type: ClassVar[str] = "nl.cultureconnect.evening.scheduled.v1"


class EveningChanged(Evening):
    """An evening changed; `changed` names the fields."""

    type: ClassVar[str] = "nl.cultureconnect.evening.changed.v1"

    changed: Annotated[list[str], Field(min_length=1)]


class EveningCancelled(Evening):
    """An evening does not take place."""

    type: ClassVar[str] = "nl.cultureconnect.evening.cancelled.v1"

    reason: Localised | None = None
