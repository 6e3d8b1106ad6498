"""Where a broker differs from the topology in the code, in plain words. Pure: it compares two documents."""

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
from culture_connect_cli.topology.difference import Cure, Difference, rows_within
from culture_connect_cli.topology.permissions import differences_in_rights

__all__ = ["Cure", "Difference", "differences", "outdated_queues"]


def differences(expected: Topology, found: Definitions, *, elsewhere: bool = True) -> list[Difference]:
    """Everything in which `found`, the answer of `GET /api/definitions`, differs from `expected`.

    Only the virtual hosts of `expected` are compared, and what its accounts may do. `elsewhere` adds the rights of
    these accounts in other virtual hosts, which they should not have.
    """
    return [
        *_vhosts(expected, found),
        *_exchanges(expected, found),
        *_queues(expected, found),
        *_bindings(expected, found),
        *differences_in_rights(expected, found, elsewhere=elsewhere),
        *_policies(expected, found),
        *_intruders(expected, found),
    ]


def outdated_queues(expected: Topology, found: Definitions) -> list[Queue]:
    """The queues of parties that are there and differ in what cannot be changed: they have to be made anew."""
    rows = {(row["vhost"], row["name"]): row for row in rows_within(expected, found, "queues")}
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
            yield Difference(f"virtual host {vhost}", "is missing", Cure.APPLY)


def _exchanges(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_within(expected, found, "exchanges")}
    for exchange in expected.exchanges:
        what = f"exchange {exchange.name} in {exchange.vhost}"
        row = rows.pop((exchange.vhost, exchange.name), None)
        if row is None:
            yield Difference(what, "is missing", Cure.APPLY)
            continue
        if row["type"] != exchange.type:
            yield Difference(what, f"has type {row['type']} instead of {exchange.type}", Cure.RECREATE)
        if row.get("internal"):
            yield Difference(what, "is internal, so nobody can publish to it", Cure.RECREATE)
        yield from _durability(what, row, Cure.RECREATE)
        yield from _arguments(what, exchange.arguments, row["arguments"], Cure.RECREATE)
    for vhost, name in rows:
        yield _superfluous(f"exchange {name} in {vhost}", retired=name in RETIRED_EXCHANGES)


def _queues(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_within(expected, found, "queues")}
    for queue in expected.queues:
        what = f"queue {queue.name} in {queue.vhost}"
        row = rows.pop((queue.vhost, queue.name), None)
        if row is None:
            yield Difference(what, "is missing", Cure.APPLY)
            continue
        yield from _queue(queue, row)
    for vhost, name in rows:
        what = f"queue {name} in {vhost}"
        if origin := held_for(name):
            yield Difference(what, f"holds messages of {origin}, which was being made anew", Cure.MIGRATE)
        else:
            yield _superfluous(what, retired=name in RETIRED_QUEUES)


def _queue(queue: Queue, row: Mapping[str, Any]) -> Iterator[Difference]:
    what = f"queue {queue.name} in {queue.vhost}"
    cure = Cure.MIGRATE if is_of_a_party(queue.name) else Cure.RECREATE
    yield from _durability(what, row, cure)
    # Brokers differ in whether they tell the type of a queue among its arguments or beside them.
    told = {**row["arguments"], **({"x-queue-type": row["type"]} if "type" in row else {})}
    yield from _arguments(what, queue.arguments, told, cure)


def _superfluous(what: str, *, retired: bool) -> Difference:
    if retired:
        return Difference(what, "is no longer used", Cure.RETIRE)
    return Difference(what, "does not belong here", Cure.REMOVE)


def _bindings(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {
        (
            row["vhost"],
            row["source"],
            f"{row['destination_type']} {row['destination']}",
            row["routing_key"],
            _stable(row["arguments"]),
        )
        for row in rows_within(expected, found, "bindings")
    }
    wanted = [
        (binding.vhost, binding.exchange, f"queue {binding.queue}", binding.routing_key, _stable(binding.arguments))
        for binding in expected.bindings
    ]
    for binding in wanted:
        if binding not in rows:
            yield Difference(_binding(*binding), "is missing", Cure.APPLY)
    for row in sorted(rows - set(wanted)):
        if row[1] in RETIRED_EXCHANGES:
            continue  # it goes with its exchange
        yield Difference(_binding(*row), "does not belong here", Cure.REMOVE)


def _policies(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in rows_within(expected, found, "policies")}
    for policy in expected.policies:
        what = f"policy {policy.name} in {policy.vhost}"
        row = rows.pop((policy.vhost, policy.name), None)
        if row is None:
            yield Difference(what, "is missing", Cure.APPLY)
            continue
        if row["pattern"] != policy.pattern or row["apply-to"] != "queues":
            yield Difference(what, f"holds for {row['apply-to']} {row['pattern']}", Cure.APPLY)
        if _stable(row["definition"]) != _stable(policy.definition):
            yield Difference(
                what, f"says {_stable(row['definition'])} and not {_stable(policy.definition)}", Cure.APPLY
            )
    for vhost, name in rows:
        yield _superfluous(f"policy {name} in {vhost}", retired=name in RETIRED_POLICIES)


def _intruders(expected: Topology, found: Definitions) -> Iterator[Difference]:
    """Other things that change where messages go, or who may send them."""
    for row in rows_within(expected, found, "parameters"):
        yield Difference(
            f"parameter {row['component']} {row['name']} in {row['vhost']}", "does not belong here", Cure.REMOVE
        )


def _durability(what: str, row: Mapping[str, Any], cure: Cure) -> Iterator[Difference]:
    if not row["durable"]:
        yield Difference(what, "is not durable", cure)
    if row["auto_delete"]:
        yield Difference(what, "deletes itself when it is no longer used", cure)


def _arguments(what: str, wanted: Arguments, told: Mapping[str, Any], cure: Cure) -> Iterator[Difference]:
    for name in sorted(set(wanted) | set(told)):
        if name not in told:
            yield Difference(what, f"has no {name} ({wanted[name]})", cure)
        elif name not in wanted:
            yield Difference(what, f"has {name} {told[name]}, which is not set in the code", cure)
        elif told[name] != wanted[name]:
            yield Difference(what, f"has {name} {told[name]} instead of {wanted[name]}", cure)


def _binding(vhost: str, source: str, destination: str, routing_key: str, arguments: str) -> str:
    told = "" if arguments == "{}" else f" and arguments {arguments}"
    return f"binding of {source} to {destination} with key {routing_key!r}{told} in {vhost}"


def _stable(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), sort_keys=True)
