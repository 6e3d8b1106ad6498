"""The topology as it is described, without a broker."""

import re

import pytest

from culture_connect.messaging.topology import (
    DEAD_LETTERS,
    INBOUND_MAX_LENGTH,
    Queue,
    Topology,
    Vhosts,
    complete,
    enrolments_queue,
    hr_party,
    party_of,
    receipts_queue,
    slug,
)

WHOLE = complete(Vhosts(), ["acme", "acme-2"], ["paard"])
WORKING_QUEUES = [queue for queue in WHOLE.queues if not queue.name.endswith(".dead")]


def _queue(name: str, topology: Topology = WHOLE) -> Queue:
    return next(queue for queue in topology.queues if queue.name == name)


@pytest.mark.parametrize("queue", WORKING_QUEUES, ids=lambda queue: f"{queue.vhost}/{queue.name}")
def test_a_working_queue_has_all_that_at_least_once_dead_lettering_needs(queue: Queue) -> None:
    assert queue.arguments["x-queue-type"] == "quorum"
    assert queue.arguments["x-overflow"] == "reject-publish"
    assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
    assert queue.arguments["x-delivery-limit"] == 20
    target = queue.arguments["x-dead-letter-exchange"]
    assert any(exchange.name == target and exchange.vhost == queue.vhost for exchange in WHOLE.exchanges)


@pytest.mark.parametrize("queue", WORKING_QUEUES, ids=lambda queue: f"{queue.vhost}/{queue.name}")
def test_what_a_queue_dead_letters_has_somewhere_to_go(queue: Queue) -> None:
    exchange = queue.arguments["x-dead-letter-exchange"]
    key = queue.arguments.get("x-dead-letter-routing-key")
    targets = [
        binding.queue
        for binding in WHOLE.bindings
        if (binding.vhost, binding.exchange) == (queue.vhost, exchange) and key in (None, binding.routing_key)
    ]
    assert targets
    assert (key is None) == (exchange != DEAD_LETTERS), "only a delay queue keeps the routing key"


def test_dead_letters_are_never_dropped() -> None:
    for vhost in ("core", "edge"):
        dead = [queue for queue in WHOLE.queues if queue.vhost == vhost and queue.name.endswith(".dead")]
        assert dead
        for queue in dead:
            assert "x-dead-letter-exchange" not in queue.arguments
            assert "x-max-length" not in queue.arguments
            assert int(queue.arguments["x-delivery-limit"]) > 1_000_000


def test_a_capped_queue_is_the_only_one_that_its_senders_exchange_reaches() -> None:
    capped = [queue for queue in WHOLE.queues if "x-max-length" in queue.arguments]
    assert {queue.arguments["x-max-length"] for queue in capped} == {INBOUND_MAX_LENGTH}
    assert [queue.name for queue in capped] == [
        "hr.acme.enrolments",
        "hr.acme-2.enrolments",
        "box-office.paard.admissions",
    ]
    for queue in capped:
        sender = queue.name.rpartition(".")[0]
        reached = [binding.queue for binding in WHOLE.bindings if binding.exchange == sender]
        assert reached == [queue.name]


def test_the_messages_of_one_partner_stay_in_order_with_several_replicas() -> None:
    assert _queue(enrolments_queue("acme")).arguments["x-single-active-consumer"] is True
    assert "x-single-active-consumer" not in _queue(receipts_queue("acme")).arguments


def test_every_pattern_is_anchored_and_nobody_but_the_administrator_may_declare() -> None:
    for permission in WHOLE.permissions:
        if permission.user == "administrator":
            continue
        assert permission.configure == "^$"
        for pattern in (permission.write, permission.read):
            assert pattern.startswith("^")
            assert pattern.endswith("$")


def test_no_pattern_reaches_the_default_exchange() -> None:
    for permission in WHOLE.permissions:
        if permission.user != "administrator":
            assert not re.search(permission.write, "amq.default")


@pytest.mark.parametrize(
    ("user", "vhost", "writes", "reads"),
    [
        ("hr.acme", "edge", {"hr.acme"}, {"hr.acme.receipts"}),
        ("box-office.paard", "edge", {"box-office.paard"}, {"box-office.paard.tickets"}),
        (
            "registration",
            "edge",
            {"receipts", "dead-letters"},
            {"hr.acme.enrolments", "hr.acme-2.enrolments"},
        ),
        ("registration", "core", {"events", "dead-letters"}, {"registration.events"}),
        ("ticketing", "edge", {"tickets", "dead-letters"}, {"box-office.paard.admissions"}),
        ("ticketing", "core", {"events", "dead-letters"}, {"ticketing.events"}),
        ("notifications", "core", {"events", "dead-letters"}, {"notifications.events"}),
        ("operator", "core", set(), set()),
        ("operator", "edge", set(), set()),
    ],
)
def test_each_account_reaches_what_the_contract_gives_it_and_nothing_else(
    user: str, vhost: str, writes: set[str], reads: set[str]
) -> None:
    (permission,) = [row for row in WHOLE.permissions if (row.user, row.vhost) == (user, vhost)]
    exchanges = {exchange.name for exchange in WHOLE.exchanges if exchange.vhost == vhost}
    queues = {queue.name for queue in WHOLE.queues if queue.vhost == vhost}
    assert {name for name in exchanges if re.search(permission.write, name)} == writes
    assert {name for name in queues if re.search(permission.read, name)} == reads
    # Names that only look alike: the dot is no wildcard.
    assert not re.search(permission.write, "hrxacme")
    assert not re.search(permission.read, "hrxacmexreceipts")


def test_accounts_are_limited_as_the_contract_says() -> None:
    limits = {user.name: dict(user.limits) for user in WHOLE.users if user.limits}
    assert limits == {
        "hr.acme": {"max-connections": 2, "max-channels": 8},
        "hr.acme-2": {"max-connections": 2, "max-channels": 8},
        "box-office.paard": {"max-connections": 4, "max-channels": 16},
    }


def test_only_inbound_queues_prove_a_party() -> None:
    assert party_of("hr.acme-2.enrolments") == "acme-2"
    assert party_of("box-office.paard.admissions") == "paard"
    for queue in ("hr.acme.receipts", "box-office.paard.tickets", "registration.events", "hr.a.b.enrolments"):
        assert party_of(queue) is None


@pytest.mark.parametrize("name", ["", "Acme", "a.b", "a*", "-a", "a-", "a" * 41, "acme\n", "é"])
def test_a_name_that_could_change_a_pattern_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a slug"):
        slug(name)
    with pytest.raises(ValueError, match="not a slug"):
        hr_party(name, Vhosts())


def test_the_longest_slug_is_taken() -> None:
    assert slug("a" * 40) == "a" * 40


def test_everything_moves_with_the_names_of_the_virtual_hosts() -> None:
    moved = complete(Vhosts("core-7", "edge-7"), ["acme"], ["paard"])
    for parts in (moved.exchanges, moved.queues, moved.bindings, moved.permissions):
        assert {part.vhost for part in parts} == {"core-7", "edge-7"}
