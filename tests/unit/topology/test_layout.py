"""The topology as it is described, without a broker."""

import re

import pytest

from culture_connect.contracts.catalogue import CATALOGUE, CatalogueEntry
from culture_connect.messaging.topology import (
    DEAD_LETTERS,
    INBOUND_MAX_LENGTH,
    Binding,
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
BETWEEN_SERVICES = [queue for queue in WHOLE.queues if queue.name.endswith(".events")]
OTHERS = [queue for queue in WHOLE.queues if queue not in BETWEEN_SERVICES]


def _queue(name: str, topology: Topology = WHOLE) -> Queue:
    return next(queue for queue in topology.queues if queue.name == name)


def test_the_services_hear_each_other_over_queues_that_dead_letter_at_least_once() -> None:
    assert [(queue.vhost, queue.name) for queue in BETWEEN_SERVICES] == [
        ("core", "registration.events"),
        ("core", "ticketing.events"),
        ("core", "notifications.events"),
    ]
    for queue in BETWEEN_SERVICES:
        assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
        assert queue.arguments["x-delivery-limit"] == 20
        key = queue.arguments["x-dead-letter-routing-key"]
        assert Binding("core", DEAD_LETTERS, f"{key}.dead", str(key)) in WHOLE.bindings


@pytest.mark.parametrize("queue", OTHERS, ids=lambda queue: f"{queue.vhost}/{queue.name}")
def test_nothing_that_parties_write_or_read_is_dead_lettered_or_dropped_by_the_broker(queue: Queue) -> None:
    assert not [name for name in queue.arguments if name.startswith("x-dead-letter")]
    assert int(queue.arguments["x-delivery-limit"]) > 1_000_000


@pytest.mark.parametrize("queue", WHOLE.queues, ids=lambda queue: f"{queue.vhost}/{queue.name}")
def test_a_full_queue_refuses_what_comes_and_drops_nothing(queue: Queue) -> None:
    assert queue.arguments["x-queue-type"] == "quorum"
    assert queue.arguments["x-overflow"] == "reject-publish"


@pytest.mark.parametrize("queue", OTHERS, ids=lambda queue: f"{queue.vhost}/{queue.name}")
def test_what_outsiders_can_fill_has_one_bound_in_bytes(queue: Queue) -> None:
    bounds = [
        row.definition for row in WHOLE.policies if row.vhost == queue.vhost and re.search(row.pattern, queue.name)
    ]
    assert len(bounds) == 1
    assert int(bounds[0]["max-length-bytes"]) <= 256 * 1024 * 1024


@pytest.mark.parametrize(
    ("queue", "days"),
    [
        ("hr.acme.enrolments", None),
        ("box-office.paard.admissions", None),
        ("hr.acme.receipts", 90),
        ("box-office.paard.tickets", 90),
        ("registration.dead", 30),
    ],
)
def test_what_nobody_reads_ends_in_time_and_what_a_service_reads_does_not(queue: str, days: int | None) -> None:
    [bound] = [row.definition for row in WHOLE.policies if row.vhost == "edge" and re.search(row.pattern, queue)]
    assert bound.get("message-ttl") == (days and days * 24 * 60 * 60 * 1000)


def test_each_service_may_tell_what_the_catalogue_says_and_no_event_of_another() -> None:
    events = [entry for entry in CATALOGUE if entry.channel == "core"]
    for permission in WHOLE.topic_permissions:
        may = {entry.routing_key for entry in events if re.search(permission.write, _example(entry, permission.user))}
        tells = {entry.routing_key for entry in events if entry.publisher == permission.user}
        assert may == tells
        assert not re.search(permission.write, "erasure.completed.registration")
        assert permission.read == "^$"
    assert [row.user for row in WHOLE.topic_permissions] == ["registration", "ticketing", "notifications"]


def _example(entry: CatalogueEntry, service: str) -> str:
    """A routing key of this kind; the service's own where it ends with one."""
    scope = service if entry.publisher == service else entry.publisher
    return re.sub("<service>", scope, entry.routing_key).replace("<partner>", "acme").replace("<venue>", "paard")


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
