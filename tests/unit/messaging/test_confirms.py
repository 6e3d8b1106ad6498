import asyncio

import pytest
from aiormq.exceptions import (
    AMQPConnectionError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelClosed,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ConnectionClosed,
    ConnectionFrameError,
    DeliveryError,
    InvalidFrameError,
)
from pamqp.commands import Basic

from culture_connect.messaging.outbox.confirms import Batch, Confirmation
from culture_connect.messaging.outbox.publish_failures import (
    ChannelRefused,
    ConnectionLost,
    PublishFailed,
    Refused,
    Unconfirmed,
    Unencodable,
    failure_of,
)


async def test_answers_come_in_any_order_and_the_first_counts() -> None:
    batch = Batch(3)
    Confirmation(batch, 2).set_result(None)
    Confirmation(batch, 0).set_exception(DeliveryError(None, Basic.Nack()))
    Confirmation(batch, 0).set_result(None)
    assert [type(failure) for _, failure in await batch.answers(0.01)] == [type(None), Refused]
    assert not batch.is_complete
    batch.fail(ConnectionLost())
    results = await batch.results(1)
    assert [type(result) for result in results] == [ConnectionLost]
    assert batch.is_complete


async def test_silence_ends_only_what_has_no_answer() -> None:
    batch = Batch(2)
    asyncio.get_running_loop().call_later(0.02, batch.answer, 1, None)
    assert [type(result) for result in await batch.results(0.05)] == [Unconfirmed, type(None)]


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (ChannelAccessRefused("x"), ChannelRefused, 403),
        (ChannelNotFoundEntity("x"), ChannelRefused, 404),
        (ChannelPreconditionFailed("x"), ChannelRefused, 406),
        (ChannelClosed(540, "x"), ChannelRefused, 540),
        (ChannelClosed(None, None), ConnectionLost, None),
        (ConnectionFrameError(501, "x"), ConnectionLost, 501),
        (ConnectionClosed(320, "x"), ConnectionLost, 320),
        (AMQPConnectionError(OSError(1, "x")), ConnectionLost, None),
        (AuthenticationError("x"), ConnectionLost, None),
        (ChannelInvalidStateError("x"), ConnectionLost, None),
        (InvalidFrameError("x"), ConnectionLost, None),
        (asyncio.CancelledError(), ConnectionLost, None),
        (RuntimeError("x"), ConnectionLost, None),
        (TimeoutError(), ConnectionLost, None),
        (EOFError(), ConnectionLost, None),
        (ValueError("x"), Unencodable, None),
        (None, ConnectionLost, None),
    ],
)
def test_every_error_of_the_client_libraries_has_its_meaning(
    error: BaseException | None, kind: type[PublishFailed], code: int | None
) -> None:
    failure = failure_of(error)
    assert type(failure) is kind
    assert getattr(failure, "code", None) == code
