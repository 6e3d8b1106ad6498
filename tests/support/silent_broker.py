"""A broker that is there and does not take messages: one of its queues, or all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from culture_connect_cli.stack import RabbitMQServer
from culture_connect_cli.stack.rabbitmq.node import Node

_EVAL = (
    '{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
    " {{Name, _}} = amqqueue:get_pid(Q), sys:{verb}(whereis(Name)), ok."
)


@contextmanager
def silent_queue(server: RabbitMQServer, vhost: str, queue: str) -> Iterator[None]:
    """Suspends the queue's only member for the length of the block, as when it waits for a disk.

    The server must be a node of our own.
    """
    _tell(server, _EVAL.format(vhost=vhost, queue=queue, verb="suspend"))
    try:
        yield
    finally:
        wake(server, vhost, queue)


def wake(server: RabbitMQServer, vhost: str, queue: str) -> None:
    """Lets the queue answer again; safe to repeat."""
    _tell(server, _EVAL.format(vhost=vhost, queue=queue, verb="resume"))


@contextmanager
def memory_alarm(server: RabbitMQServer) -> Iterator[None]:
    """Has the broker take nothing from anybody for the length of the block. The server must be a node of our own."""
    _tell(server, "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}), ok.")
    try:
        yield
    finally:
        _tell(server, "rabbit_alarm:clear_alarm({resource_limit, memory, node()}), ok.")


def _tell(server: RabbitMQServer, expression: str) -> None:
    assert isinstance(server, Node), "only a node of our own can be told to be silent"
    assert server.evaluate(expression).strip() == "ok"
