"""Comparison of a broker's definitions with the topology in the code. No I/O."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from culture_connect.messaging.topology import (
    RETIRED_EXCHANGES,
    RETIRED_POLICIES,
    RETIRED_QUEUES,
    Arguments,
    Queue,
    Topology,
    held_for,
    is_of_a_party,
)
from culture_connect_cli.broker.definitions import Definitions
from culture_connect_cli.topology.difference import Difference, Remedy, rows_in_vhosts
from culture_connect_cli.topology.permissions import account_differences


def differences(expected: Topology, found: Definitions, *, elsewhere: bool = True) -> list[Difference]:
    """Every difference of `found`, the answer of `GET /api/definitions`, from `expected`.

    Only the virtual hosts and accounts of `expected` are compared. `elsewhere` adds permissions that these accounts
    have in other virtual hosts, which they should not have.
    """
    return [
        *_vhosts(expected, found),
        *_exchanges(expected, found),
        *_queues(expected, found),
        *_bindings(expected, found),
        *account_differences(expected, found, elsewhere=elsewhere),
        *_policies(expected, found),
        *_parameters(expected, found),
    ]


def outdated_queues(expected: Topology, found: Definitions) -> list[Queue]:
    """The existing queues of external clients with other arguments. Arguments cannot change, so they are made anew."""
    rows = {(row["vhost"], row["name"]): row for row in rows_in_vhosts(expected, found, "queues")}
    return [
        queue
        for queue in expected.queues
        if is_of_a_party(queue.name)
        and (row := rows.get((queue.vhost, queue.name))) is not None
        and any(_queue(queue, row))
    ]


def _vhosts(expected: Topology, found: Definitions) -> Iterator[Difference]:
    present = {row["name"] for row in found.get("vhosts", ())}
    for vhost in expected.vhosts:
        if vhost not in present:
            yield Difference(f"virtual host {vhost}", "is missing", Remedy.APPLY)


def _exchanges(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_in_vhosts(expected, found, "exchanges")}
    for exchange in expected.exchanges:
        what = f"exchange {exchange.name} in {exchange.vhost}"
        row = rows.pop((exchange.vhost, exchange.name), None)
        if row is None:
            yield Difference(what, "is missing", Remedy.APPLY)
            continue
        if row["type"] != exchange.type:
            yield Difference(what, f"has type {row['type']} instead of {exchange.type}", Remedy.RECREATE)
        if row.get("internal"):
            yield Difference(what, "is internal, so nobody can publish to it", Remedy.RECREATE)
        yield from _durability(what, row, Remedy.RECREATE)
        yield from _arguments(what, exchange.arguments, row["arguments"], Remedy.RECREATE)
    for vhost, name in rows:
        yield _unexpected(f"exchange {name} in {vhost}", retired=name in RETIRED_EXCHANGES)


def _queues(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_in_vhosts(expected, found, "queues")}
    for queue in expected.queues:
        what = f"queue {queue.name} in {queue.vhost}"
        row = rows.pop((queue.vhost, queue.name), None)
        if row is None:
            yield Difference(what, "is missing", Remedy.APPLY)
            continue
        yield from _queue(queue, row)
    for vhost, name in rows:
        what = f"queue {name} in {vhost}"
        if origin := held_for(name):
            yield Difference(what, f"holds messages of {origin}, which was being made anew", Remedy.MIGRATE)
        else:
            yield _unexpected(what, retired=name in RETIRED_QUEUES)


def _queue(queue: Queue, row: Mapping[str, Any]) -> Iterator[Difference]:
    what = f"queue {queue.name} in {queue.vhost}"
    remedy = Remedy.MIGRATE if is_of_a_party(queue.name) else Remedy.RECREATE
    yield from _durability(what, row, remedy)
    # Some versions report the type of a queue among its arguments, others beside them.
    reported = {**row["arguments"], **({"x-queue-type": row["type"]} if "type" in row else {})}
    yield from _arguments(what, queue.arguments, reported, remedy)


def _unexpected(what: str, *, retired: bool) -> Difference:
    if retired:
        return Difference(what, "is no longer used", Remedy.RETIRE)
    return Difference(what, "does not belong here", Remedy.REMOVE)


def _bindings(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {
        (
            row["vhost"],
            row["source"],
            f"{row['destination_type']} {row['destination']}",
            row["routing_key"],
            _canonical(row["arguments"]),
        )
        for row in rows_in_vhosts(expected, found, "bindings")
    }
    wanted = [
        (binding.vhost, binding.exchange, f"queue {binding.queue}", binding.routing_key, _canonical(binding.arguments))
        for binding in expected.bindings
    ]
    for binding in wanted:
        if binding not in rows:
            yield Difference(_binding(*binding), "is missing", Remedy.APPLY)
    for row in sorted(rows - set(wanted)):
        if row[1] in RETIRED_EXCHANGES:
            continue  # removed with its exchange
        yield Difference(_binding(*row), "does not belong here", Remedy.REMOVE)


def _policies(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_in_vhosts(expected, found, "policies")}
    for policy in expected.policies:
        what = f"policy {policy.name} in {policy.vhost}"
        row = rows.pop((policy.vhost, policy.name), None)
        if row is None:
            yield Difference(what, "is missing", Remedy.APPLY)
            continue
        if row["pattern"] != policy.pattern or row["apply-to"] != "queues":
            yield Difference(what, f"holds for {row['apply-to']} {row['pattern']}", Remedy.APPLY)
        if _canonical(row["definition"]) != _canonical(policy.definition):
            yield Difference(
                what, f"says {_canonical(row['definition'])} and not {_canonical(policy.definition)}", Remedy.APPLY
            )
    for vhost, name in rows:
        yield _unexpected(f"policy {name} in {vhost}", retired=name in RETIRED_POLICIES)


def _parameters(expected: Topology, found: Definitions) -> Iterator[Difference]:
    """Parameters, such as federation or limits, which change where messages go or who may send them."""
    for row in rows_in_vhosts(expected, found, "parameters"):
        yield Difference(
            f"parameter {row['component']} {row['name']} in {row['vhost']}", "does not belong here", Remedy.REMOVE
        )


def _durability(what: str, row: Mapping[str, Any], remedy: Remedy) -> Iterator[Difference]:
    if not row["durable"]:
        yield Difference(what, "is not durable", remedy)
    if row["auto_delete"]:
        yield Difference(what, "deletes itself when it is no longer used", remedy)


def _arguments(what: str, wanted: Arguments, reported: Mapping[str, Any], remedy: Remedy) -> Iterator[Difference]:
    for name in sorted(set(wanted) | set(reported)):
        if name not in reported:
            yield Difference(what, f"has no {name} ({wanted[name]})", remedy)
        elif name not in wanted:
            yield Difference(what, f"has {name} {reported[name]}, which is not set in the code", remedy)
        elif reported[name] != wanted[name]:
            yield Difference(what, f"has {name} {reported[name]} instead of {wanted[name]}", remedy)


def _binding(vhost: str, source: str, destination: str, routing_key: str, arguments: str) -> str:
    suffix = "" if arguments == "{}" else f" and arguments {arguments}"
    return f"binding of {source} to {destination} with key {routing_key!r}{suffix} in {vhost}"


def _canonical(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), sort_keys=True)
