"""The settings of registration: those of every service, and the edge."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from culture_connect.settings import AmqpUrl, ServiceSettings

# How long the other services may take for an erasure before somebody should look.
ERASURE_OVERDUE: Final = timedelta(hours=24)


class RegistrationSettings(ServiceSettings):
    """See `culture_connect.settings`; partners' HR systems live in the edge virtual host."""

    edge_url: AmqpUrl
    # What tombstones of erased people are made with: 32 random bytes as hex digits. With another one none is found.
    tombstone_key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    # Who took part is forgotten so long after the end of the season in which they last did.
    retention_months: Annotated[int, Field(ge=0, le=120)] = 12
