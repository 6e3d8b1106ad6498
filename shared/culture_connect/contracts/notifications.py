"""What notifications tells the other services."""

from typing import ClassVar
from uuid import UUID

from culture_connect.contracts.base import Message


class MailUndeliverable(Message):
    """Letters to this participant do not arrive."""

    type: ClassVar[str] = "nl.cultureconnect.mail.undeliverable.v1"

    participant_id: UUID
