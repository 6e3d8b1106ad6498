"""Events that notifications publishes to the other services."""

from typing import Annotated, ClassVar

from pydantic import Field

from culture_connect.contracts import examples
from culture_connect.contracts.base import Message
from culture_connect.contracts.ticketing import AddressHash
from culture_connect.contracts.values import ParticipantId


class MailUndeliverable(Message):
    """Mail to this participant's address bounces."""

    type: ClassVar[str] = "nl.cultureconnect.mail.undeliverable.v1"
    example_data: ClassVar = {"participant_id": examples.PARTICIPANT_ID}

    participant_id: ParticipantId
    address_sha256: Annotated[
        AddressHash | None, Field(description="The address that it is about, as in the events of tickets")
    ] = None
