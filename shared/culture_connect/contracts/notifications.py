"""What notifications tells the other services."""

from typing import ClassVar

from culture_connect.contracts.base import Message
from culture_connect.contracts.values import ParticipantId


class MailUndeliverable(Message):
    """Mail to this participant's address bounces."""

    type: ClassVar[str] = "nl.cultureconnect.mail.undeliverable.v1"

    participant_id: ParticipantId
