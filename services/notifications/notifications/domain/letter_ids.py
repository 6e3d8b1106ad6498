"""The ids of letters: the same event makes the same letter, on every replica and in every replay."""

from datetime import date
from uuid import UUID, uuid5

from notifications.domain.catalogue import REMINDERS, Kind

# Never change it: the id of every letter ever sent, and with it its Message-ID, comes from here.
_NAMESPACE = UUID("6f1d4a5e-52d9-4b0c-9c55-0c7c1f8a3e21")


def ticket_letter_id(participant_id: UUID, evening_id: UUID, kind: Kind, ticket_id: UUID, ticket_version: int) -> UUID:
    """Returns the id of a letter of a ticket; there is one reminder of a kind per participant and evening."""
    if kind in REMINDERS:
        return _id(participant_id, evening_id, kind)
    return _id(participant_id, evening_id, kind, ticket_id, ticket_version)


def enrolment_letter_id(participant_id: UUID, kind: Kind, version: int) -> UUID:
    """Returns the id of a letter about a participation, by the version of the participant that calls for it."""
    return _id(participant_id, kind, version)


def change_letter_id(participant_id: UUID, evening_id: UUID, evening_version: int) -> UUID:
    """Returns the id of the letter about a change, by the version of the evening that calls for it."""
    return _id(participant_id, evening_id, Kind.EVENING_CHANGED, evening_version)


def cancellation_letter_id(participant_id: UUID, evening_id: UUID) -> UUID:
    """Returns the id of the letter to somebody invited about the cancellation of an evening, of which there is one."""
    return _id(participant_id, evening_id, Kind.EVENING_CANCELLED)


def offer_letter_id(offer_id: UUID, reissued_link: str | None = None) -> UUID:
    """Returns the id of the letter about an offer; an offer is published again with another link to another address."""
    return _id(Kind.TICKET_OFFERED, offer_id, *([reissued_link] if reissued_link else []))


def readdressed_letter_id(participant_id: UUID, kind: Kind, version: int, of: UUID | None = None) -> UUID:
    """Returns the id of a letter sent once more, by the version of the participant that brought another address."""
    return _id(participant_id, kind, "moved", version, of)


def invitation_letter_id(event_id: str) -> UUID:
    """Returns the id of the letter about an invitation, which has no id but that of its event (`ce-id`)."""
    return _id(Kind.INVITATION, event_id)


def digest_letter_id(partner: str, first_day: date) -> UUID:
    """Returns the id of a partner's weekly digest, by the Monday of the week it is about."""
    return _id(Kind.DIGEST, partner, first_day.isoformat())


def _id(*parts: object) -> UUID:
    return uuid5(_NAMESPACE, "/".join(map(str, parts)))
