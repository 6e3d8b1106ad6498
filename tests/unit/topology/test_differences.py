"""The comparison of a broker's definitions with the topology, without a broker."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from culture_connect.messaging.topology import Vhosts, complete, definitions
from culture_connect_cli.broker.definitions import find_clients
from culture_connect_cli.topology.comparison import differences
from culture_connect_cli.topology.difference import Remedy

EXPECTED = complete(Vhosts(), ["acme"], ["paard"])
ACCOUNTS = [user.name for user in EXPECTED.users]
AS_WRITTEN = definitions(Vhosts(), ["acme"], ["paard"], dict.fromkeys(ACCOUNTS, "hash"))

Change = Callable[[dict[str, Any]], None]


def _found(*changes: Change) -> dict[str, Any]:
    document = copy.deepcopy(AS_WRITTEN)
    for change in changes:
        change(document)
    return document


def _row(document: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in document[part] if name in (row.get("name"), row.get("user")))
    return row


def _without(part: str, name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document[part].remove(_row(document, part, name))

    return change


def _with(part: str, **row: Any) -> Change:
    return lambda document: document[part].append(row)


def _having(part: str, name: str, key: str, **values: Any) -> Change:
    return lambda document: _row(document, part, name)[key].update(values)


def test_a_broker_as_the_definitions_file_makes_it_has_no_differences() -> None:
    assert differences(EXPECTED, _found()) == []


@pytest.mark.parametrize(
    ("change", "told", "remedy"),
    [
        (_without("queues", "hr.acme.receipts"), "queue hr.acme.receipts in edge is missing", Remedy.APPLY),
        (
            _having("queues", "hr.acme.enrolments", "arguments", **{"x-max-length": 10}),
            "queue hr.acme.enrolments in edge has x-max-length 10 instead of 20000",
            Remedy.MIGRATE,
        ),
        (
            _having("queues", "hr.acme.receipts", "arguments", **{"x-expires": 1000}),
            "queue hr.acme.receipts in edge has x-expires 1000, which is not set in the code",
            Remedy.MIGRATE,
        ),
        (
            _having("queues", "ticketing.events", "arguments", **{"x-delivery-limit": 7}),
            "queue ticketing.events in core has x-delivery-limit 7 instead of 20",
            Remedy.RECREATE,
        ),
        (
            _with(
                "queues", name="hr.acme.receipts.moving", vhost="edge", durable=True, auto_delete=False, arguments={}
            ),
            "queue hr.acme.receipts.moving in edge holds messages of hr.acme.receipts, which was being made anew",
            Remedy.MIGRATE,
        ),
        (
            _with("policies", name="outbound", vhost="edge", pattern=".*", definition={"max-length": 1}),
            "policy outbound in edge is no longer used",
            Remedy.RETIRE,
        ),
        (
            lambda document: document["topic_permissions"].clear(),
            (
                "account notifications in core may write any key on exchange events instead of "
                r"write ^(mail\..+|erasure\.completed\.notifications)$ and bind ^$"
            ),
            Remedy.APPLY,
        ),
        (
            _with("topic_permissions", user="hr.acme", vhost="edge", exchange="hr.acme", write=".*", read=".*"),
            "account hr.acme in edge has topic permissions on hr.acme that do not belong here",
            Remedy.REMOVE,
        ),
        (_without("exchanges", "hr.acme"), "exchange hr.acme in edge is missing", Remedy.APPLY),
        (
            _with(
                "bindings",
                source="hr.acme",
                vhost="edge",
                destination="spy",
                destination_type="queue",
                routing_key="#",
                arguments={},
            ),
            "binding of hr.acme to queue spy with key '#' in edge does not belong here",
            Remedy.REMOVE,
        ),
        (
            _with("queues", name="spy", vhost="core", durable=True, auto_delete=False, arguments={}),
            "queue spy in core does not belong here",
            Remedy.REMOVE,
        ),
        (
            _with("permissions", user="hr.acme", vhost="core", configure="", write="", read=".*"),
            "account hr.acme in core has permissions that do not belong here",
            Remedy.REMOVE,
        ),
        (
            _with("permissions", user="hr.acme", vhost="/", configure="", write="", read=""),
            "account hr.acme in / has permissions that do not belong here",
            Remedy.REMOVE,
        ),
        (
            _with("policies", name="short", vhost="edge", pattern=".*", definition={"max-length": 1}),
            "policy short in edge does not belong here",
            Remedy.REMOVE,
        ),
        (
            _with("parameters", component="shovel", name="copy", vhost="edge", value={}),
            "parameter shovel copy in edge does not belong here",
            Remedy.REMOVE,
        ),
        (
            lambda document: _row(document, "users", "hr.acme")["limits"].clear(),
            "account hr.acme has no max-connections (2)",
            Remedy.APPLY,
        ),
        (
            lambda document: _row(document, "users", "hr.acme")["tags"].append("management"),
            "account hr.acme has the tags management instead of nothing",
            Remedy.APPLY,
        ),
        (
            lambda document: _row(document, "permissions", "hr.acme").update(read=".*"),
            r"account hr.acme in edge may read .* instead of ^(hr\.acme\.receipts)$",
            Remedy.APPLY,
        ),
        (_without("users", "operator"), "account operator is missing", Remedy.ACCOUNT),
    ],
)
def test_a_planted_difference_is_told_in_plain_words(change: Change, told: str, remedy: Remedy) -> None:
    found = differences(EXPECTED, _found(change))
    assert (told, remedy) in [(str(difference), difference.remedy) for difference in found]


def test_a_binding_with_the_wrong_key_is_both_missing_and_foreign() -> None:
    def change(document: dict[str, Any]) -> None:
        row = next(row for row in document["bindings"] if row["destination"] == "hr.acme.receipts")
        row["routing_key"] = "globex"

    assert [str(difference) for difference in differences(EXPECTED, _found(change))] == [
        "binding of receipts to queue hr.acme.receipts with key 'acme' in edge is missing",
        "binding of receipts to queue hr.acme.receipts with key 'globex' in edge does not belong here",
    ]


def test_an_administrator_of_any_name_is_no_difference() -> None:
    changes = (
        _without("users", "administrator"),
        _with("users", name="root", tags=["administrator"], limits={}),
        _with("permissions", user="root", vhost="edge", configure=".*", write=".*", read=".*"),
    )
    assert differences(EXPECTED, _found(*changes)) == []


def test_another_virtual_host_is_not_our_affair() -> None:
    changes = (
        _with("queues", name="theirs", vhost="/", durable=True, auto_delete=False, arguments={}),
        _with("users", name="guest", tags=[], limits={}),
        _with("permissions", user="guest", vhost="/", configure=".*", write=".*", read=".*"),
    )
    assert differences(EXPECTED, _found(*changes)) == []


def test_a_party_is_known_by_anything_that_is_left_of_it() -> None:
    changes = (
        _with("queues", name="hr.globex.receipts", vhost="edge", durable=True, auto_delete=False, arguments={}),
        _with("queues", name="hr.elsewhere.receipts", vhost="/", durable=True, auto_delete=False, arguments={}),
    )
    found = _found(*changes)
    assert find_clients(found, Vhosts()).partners == ("acme", "globex")
    assert find_clients(found, Vhosts()).venues == ("paard",)
    assert find_clients(found, Vhosts(), with_account=True).partners == ("acme",)
