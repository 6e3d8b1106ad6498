"""The reasons for which a message was not published, independent of the client libraries."""

import struct
from collections.abc import Mapping
from types import MappingProxyType

from aiormq.exceptions import (
    AMQPConnectionError,
    ChannelAccessRefused,
    ChannelClosed,
    ChannelLockedResource,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    PublishError,
)

from culture_connect.messaging.errors import BrokerNotTrusted, MessagingError

ACCESS_REFUSED = 403
NOT_FOUND = 404
PRECONDITION_FAILED = 406
# The broker could not read a frame, or not in this place: AMQP 0-9-1 specification, section 1.1 (reply codes).
FRAME_ERRORS = frozenset({501, 502, 503, 505})

_CODES: Mapping[type[ChannelClosed], int] = MappingProxyType(
    {
        ChannelAccessRefused: ACCESS_REFUSED,
        ChannelNotFoundEntity: NOT_FOUND,
        ChannelLockedResource: 405,
        ChannelPreconditionFailed: PRECONDITION_FAILED,
    }
)


class PublishFailed(MessagingError):
    """Base: the broker did not take responsibility for a message; `reason` is a short stable code."""

    reason = "not-published"

    def __init__(self) -> None:
        super().__init__(self.reason)


class Unroutable(PublishFailed):
    """No queue is bound for the message: the broker returned it."""

    reason = "unroutable"


class Refused(PublishFailed):
    """A queue refused the message, such as a full one."""

    reason = "refused"


class Unconfirmed(PublishFailed):
    """No answer came in time. The message may have arrived."""

    reason = "unconfirmed"


class Unencodable(PublishFailed):
    """The message does not fit into AMQP frames. Nothing was sent."""

    reason = "unencodable"


class ChannelRefused(PublishFailed):
    """The broker closed the channel with a reply code: this message, or another on the channel, is not allowed."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.reason = f"channel-refused-{code}"
        super().__init__()


class ConnectionLost(PublishFailed):
    """The connection or the channel ended before the answer. The message may have arrived.

    `code` is the broker's reply code, where it gave one.
    """

    reason = "connection-lost"

    def __init__(self, code: int | None = None) -> None:
        self.code = code
        super().__init__()


class NotTrusted(PublishFailed):
    """No connection was made, since the broker did not prove itself over TLS; `reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


def failure_of(error: BaseException | None) -> PublishFailed:
    """Returns the failure that an exception of aio-pika, aiormq, pamqp or a socket means for a message.

    Whatever is not known is a lost connection: aiormq raises RuntimeError and CancelledError, among others, for that.
    """
    if isinstance(error, PublishFailed):
        return error
    if isinstance(error, BrokerNotTrusted):
        return NotTrusted(error.reason)
    if isinstance(error, PublishError):
        return Unroutable()
    if isinstance(error, DeliveryError):
        return Refused()
    if isinstance(error, ChannelClosed):
        code = _CODES.get(type(error), error.args[0] if error.args else None)
        return ChannelRefused(code) if isinstance(code, int) and code > 0 else ConnectionLost()
    if isinstance(error, AMQPConnectionError):
        code = error.args[0] if error.args else None
        return ConnectionLost(code if isinstance(code, int) else None)
    if isinstance(error, ValueError | TypeError | KeyError | struct.error):
        return Unencodable()
    return ConnectionLost()
