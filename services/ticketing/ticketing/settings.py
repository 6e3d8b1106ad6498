"""The settings of ticketing."""

from typing import Annotated

from pydantic import Field

from culture_connect.settings import AmqpUrl, PrivateFile, ServiceSettings


class TicketingSettings(ServiceSettings):
    """See `culture_connect.settings`; box offices live in the edge virtual host.

    `signing_key_file` holds the private Ed25519 key of ticket codes as a JWK; `public_url` is where participants
    reach their personal pages.
    """

    edge_url: AmqpUrl
    signing_key_file: PrivateFile
    public_url: Annotated[str, Field(pattern=r"^https?://[^/]")]
