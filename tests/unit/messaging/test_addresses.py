"""Several addresses in one URL: each is a URL of its own, and the order of tries learns from failures."""

import pytest

from culture_connect.messaging.addresses import Addresses, split_addresses

NODES = "amqp://registration:s%40cret@rabbit1:5672,rabbit2:5673,[::1]/core?heartbeat=5"
FIRST, SECOND, THIRD = (
    f"amqp://registration:s%40cret@{host}/core?heartbeat=5" for host in ("rabbit1:5672", "rabbit2:5673", "[::1]")
)


def test_each_address_becomes_a_url_with_all_the_rest() -> None:
    assert split_addresses(NODES) == [FIRST, SECOND, THIRD]


def test_a_url_with_one_address_stays_as_it_is() -> None:
    for url in ("amqps://a:b@host/core", "postgresql://role:p@ss@host:5432/db", FIRST):
        assert split_addresses(url) == [url]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host:5672",
        "amqp://a:secret@/core",
        "amqp://a:secret@host,/core",
        "amqp://a:secret@host:port,other/core",
        "amqp://a:secret@host:0,other/core",
        "amqp://a:secret@host:65536/core",
        "amqp://a:secret@host:1:2,other/core",
        "amqp://a:secret@[::1,other/core",
        "amqp://a:secret@one two/core",
    ],
)
def test_a_malformed_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        split_addresses(url)
    assert "secret" not in str(refused.value)


def test_connections_to_a_broker_begin_at_one_node_after_the_other() -> None:
    addresses = Addresses(NODES, first=1, spread=True)
    assert [addresses.in_order()[0] for _ in range(4)] == [SECOND, THIRD, FIRST, SECOND]
    assert addresses.in_order() == [THIRD, FIRST, SECOND]


def test_a_node_that_failed_is_tried_last_until_it_works_again() -> None:
    addresses = Addresses(NODES, spread=True)
    addresses.failed(FIRST)
    assert {addresses.in_order()[-1] for _ in range(3)} == {FIRST}
    addresses.worked(FIRST)
    assert {addresses.in_order()[-1] for _ in range(3)} == {FIRST, SECOND, THIRD}


def test_of_two_that_failed_the_one_that_failed_before_is_tried_first() -> None:
    addresses = Addresses(NODES, spread=True)
    addresses.failed(SECOND)
    addresses.failed(FIRST)
    assert addresses.in_order() == [THIRD, SECOND, FIRST]


def test_the_database_that_took_the_last_connection_is_tried_first() -> None:
    addresses = Addresses(NODES)
    assert addresses.in_order() == [FIRST, SECOND, THIRD]
    addresses.worked(SECOND)
    assert addresses.in_order() == addresses.in_order() == [SECOND, THIRD, FIRST]


def test_connections_of_one_process_to_one_broker_share_what_they_learn() -> None:
    url = NODES.replace("rabbit1", "shared-by-this-test")
    assert Addresses.of_broker(url) is Addresses.of_broker(url)
    assert Addresses.of_broker(url) is not Addresses.of_broker(NODES)
