"""A quorum queue that is there and answers nobody, as when its members wait for a disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from culture_connect_cli.stack import RabbitMQServer
from culture_connect_cli.stack.rabbitmq import RabbitMQ

_EVAL = (
    '{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
    " {{Name, _}} = amqqueue:get_pid(Q), sys:{verb}(whereis(Name)), ok."
)


@contextmanager
def silent_queue(server: RabbitMQServer, vhost: str, queue: str) -> Iterator[None]:
    """Suspends the queue's only member for the length of the block. The server must be a node of our own."""
    _tell(server, _EVAL.format(vhost=vhost, queue=queue, verb="suspend"))
    try:
        yield
    finally:
        wake(server, vhost, queue)


def wake(server: RabbitMQServer, vhost: str, queue: str) -> None:
    """Lets the queue answer again; safe to repeat."""
    _tell(server, _EVAL.format(vhost=vhost, queue=queue, verb="resume"))


def _tell(server: RabbitMQServer, expression: str) -> None:
    assert isinstance(server, RabbitMQ), "only a node of our own can be told to be silent"
    assert server.evaluate(expression).strip() == "ok"
