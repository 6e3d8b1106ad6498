"""A pair of virtual hosts with the whole topology for each module of tests."""

from collections.abc import Iterator

import pytest

from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.stack import RabbitMQServer
from tests.support.bus import fresh_bus


@pytest.fixture(scope="module")
def broker(rabbitmq: RabbitMQServer) -> Iterator[Broker]:
    """The broker as the command line sees it, with virtual hosts of this module's own."""
    with fresh_bus(rabbitmq) as bus:
        yield bus.broker
