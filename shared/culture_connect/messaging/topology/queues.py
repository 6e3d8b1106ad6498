"""The arguments and the bounds of the queues. All are quorum queues that lose nothing.

The broker dead-letters only messages between the services. What outside parties write or read never gets there:
RabbitMQ 3.10 believes the headers of a message that it dead-letters at least once, and a forged `x-death` ends all
dead-lettering of the node (docs/decisions/0013-no-dead-lettering-at-the-edge.md).

At-least-once dead-lettering needs quorum queue, exchange, strategy and `reject-publish` together; with one
of them missing the broker silently falls back to at-most-once (https://www.rabbitmq.com/docs/quorum-queues).
"""

from datetime import timedelta
from typing import Final

from culture_connect.messaging.topology import names
from culture_connect.messaging.topology.model import Arguments

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""The largest body that the broker takes, for every account; a server setting (`max_message_size`)."""

DELIVERY_LIMIT: Final = 20
"""A message between the services that came back this often is dead-lettered: it takes its consumer down."""

INBOUND_MAX_LENGTH: Final = 20_000
"""A queue that an outside party fills takes this many messages; then the sender gets a nack."""

_MIB: Final = 1024 * 1024

# What follows are keys of policies and no arguments, since the arguments of queues that exist cannot change. Bytes are
# those of bodies: the broker does not count headers. What does not fit is refused to its sender, who keeps it.

INBOUND_LIMITS: Final[Arguments] = {"max-length-bytes": 64 * _MIB}
"""How much a queue that an outside party fills may hold, beside its length: 20,000 bodies of 3 KiB."""

RECEIPTS_LIMITS: Final[Arguments] = {
    "max-length": 50_000,
    "max-length-bytes": 64 * _MIB,
    "message-ttl": int(timedelta(days=90) / timedelta(milliseconds=1)),
}
"""How much a partner's receipts may hold, and for how long. A receipt is about 1 KiB. Ninety days after it nobody waits
for the answer to a message; personal data of somebody erased meanwhile is in no queue for longer."""

TICKETS_LIMITS: Final[Arguments] = {
    "max-length": 100_000,
    "max-length-bytes": 256 * _MIB,
    "message-ttl": int(timedelta(days=90) / timedelta(milliseconds=1)),
}
"""How much a box office's feed may hold, and for how long. A season is some tens of thousands of messages of 1 KiB. A
box office that read nothing for ninety days starts over: `culture-connect box-office replay`, or the snapshot."""

DEAD_LETTER_LIMITS: Final[Arguments] = {
    "max-length-bytes": 256 * _MIB,
    "message-ttl": int(timedelta(days=30) / timedelta(milliseconds=1)),
}
"""How much the dead letters of a service may hold, and for how long. What does not fit waits in its outbox."""

# Without a limit of ours 4.x counts to 20 and drops, where nothing is dead-lettered; 3.x does not know the -1 that
# switches the limit off.
_NEVER: Final = 1_000_000_000


def events_queue(service: str) -> Arguments:
    """The queue of what `service` hears from the other services; what it refuses becomes a dead letter of it."""
    return {
        **_quorum_queue(DELIVERY_LIMIT),
        "x-dead-letter-exchange": names.DEAD_LETTERS,
        "x-dead-letter-strategy": "at-least-once",
        "x-dead-letter-routing-key": service,
    }


def inbound_queue(*, in_order: bool = False) -> Arguments:
    """A queue that one outside party fills; `in_order` gives it to one replica at a time.

    Nothing comes to an end in it by the broker's hand: a message that fails, or that ends the process which handles
    it, becomes a row or a dead letter of the service (`retry_rows`, `retry_policy`).
    """
    arguments = {**_quorum_queue(_NEVER), "x-max-length": INBOUND_MAX_LENGTH}
    return {**arguments, "x-single-active-consumer": True} if in_order else arguments


def outbound_queue() -> Arguments:
    """A queue that one outside party reads. What the party rejects without requeueing is taken, as if acked."""
    return _quorum_queue(_NEVER)


def dead_letter_queue() -> Arguments:
    """The end of the road: no way out but the operator's, or the time of DEAD_LETTER_LIMITS."""
    return _quorum_queue(_NEVER)


def _quorum_queue(delivery_limit: int) -> Arguments:
    return {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-delivery-limit": delivery_limit}
