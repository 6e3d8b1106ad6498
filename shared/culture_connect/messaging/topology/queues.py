"""The arguments of the queues. All are quorum queues that lose nothing.

At-least-once dead-lettering needs quorum queue, exchange, strategy and `reject-publish` together; with one
of them missing the broker silently falls back to at-most-once (https://www.rabbitmq.com/docs/quorum-queues).
"""

from typing import Final

from culture_connect.messaging.topology import names
from culture_connect.messaging.topology.model import Arguments

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""The largest body that the broker takes, for every account; a server setting (`max_message_size`)."""

DELIVERY_LIMIT: Final = 20
"""A message that came back this often is dead-lettered: it takes its consumer down."""

INBOUND_MAX_LENGTH: Final = 20_000
"""A queue that an outside party fills takes this many messages; then the sender gets a nack."""

OUTBOUND_LIMITS: Final = {"max-length": 100_000, "max-length-bytes": 256 * 1024 * 1024}
"""How much a queue that an outside party reads may hold, as keys of a policy.

A whole season for a box office is some tens of thousands of messages of about 1 KiB, and a partner's receipts are
fewer: nobody who reads at all comes near. Fifty parties that never read fill 12.5 GiB. What does not fit is refused and
stays in the service's outbox. A policy and no arguments, since the arguments of queues that exist cannot change.
"""

# Dead letters are looked at, put back and looked at again. Without a limit of ours 4.x counts to 20 and drops
# them; 3.x does not know the -1 that switches the limit off.
_NEVER: Final = 1_000_000_000


def working_queue(service: str) -> Arguments:
    """A queue whose refused messages become dead letters of `service`."""
    return {
        **_dead_lettering(names.DEAD_LETTERS),
        "x-dead-letter-routing-key": service,
        "x-delivery-limit": DELIVERY_LIMIT,
    }


def inbound_queue(service: str, *, in_order: bool = False) -> Arguments:
    """A queue that one outside party fills for `service`; `in_order` gives it to one replica at a time."""
    arguments = {**working_queue(service), "x-max-length": INBOUND_MAX_LENGTH}
    return {**arguments, "x-single-active-consumer": True} if in_order else arguments


def dead_letter_queue() -> Arguments:
    """The end of the road: no limit, no expiry, no way out but the operator's."""
    return {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-delivery-limit": _NEVER}


def _dead_lettering(exchange: str) -> Arguments:
    return {
        "x-queue-type": "quorum",
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
    }
