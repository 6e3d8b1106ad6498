"""Where a broker differs from the topology in the code, in plain words. Pure: it compares two documents."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    RETIRED_EXCHANGES,
    RETIRED_QUEUES,
    Arguments,
    Topology,
)
from culture_connect_cli.parties import Definitions


class Cure(StrEnum):
    """What puts a difference right; the value says it to people."""

    APPLY = "`culture-connect topology apply` puts it right"
    RECREATE = "empty and remove it, then run `culture-connect topology apply`"
    RETIRE = "`culture-connect topology apply` removes it once it is empty"
    REMOVE = "find out who made it, then remove it"
    ACCOUNT = "`culture-connect topology apply` with its password, or `culture-connect account add`"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the code says; `account` is the account that it is about, if any."""

    what: str
    problem: str
    cure: Cure
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.what} {self.problem}"


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
        *_users(expected, found),
        *_permissions(expected, found, elsewhere=elsewhere),
        *_policies(expected, found),
        *_intruders(expected, found),
    ]


def _vhosts(expected: Topology, found: Definitions) -> Iterator[Difference]:
    present = {row["name"] for row in found.get("vhosts", ())}
    for vhost in expected.vhosts:
        if vhost not in present:
            yield Difference(f"virtual host {vhost}", "is missing", Cure.APPLY)


def _exchanges(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in _within(expected, found, "exchanges")}
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
        yield from _durability(what, row)
        yield from _arguments(what, exchange.arguments, row["arguments"])
    for vhost, name in rows:
        yield _superfluous(f"exchange {name} in {vhost}", retired=name in RETIRED_EXCHANGES)


def _queues(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in _within(expected, found, "queues")}
    for queue in expected.queues:
        what = f"queue {queue.name} in {queue.vhost}"
        row = rows.pop((queue.vhost, queue.name), None)
        if row is None:
            yield Difference(what, "is missing", Cure.APPLY)
            continue
        yield from _durability(what, row)
        # Brokers differ in whether they tell the type of a queue among its arguments or beside them.
        told = {**row["arguments"], **({"x-queue-type": row["type"]} if "type" in row else {})}
        yield from _arguments(what, queue.arguments, told)
    for vhost, name in rows:
        yield _superfluous(f"queue {name} in {vhost}", retired=name in RETIRED_QUEUES)


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
        for row in _within(expected, found, "bindings")
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


def _users(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {row["name"]: row for row in found.get("users", ())}
    for user in expected.users:
        what = f"account {user.name}"
        row = rows.get(user.name)
        if row is None:
            # How people administer the broker is their own affair, as long as only administrators do.
            if user.name != ADMINISTRATOR:
                yield Difference(what, "is missing", Cure.ACCOUNT, user.name)
            continue
        tags = _tags(row)
        if tags != set(user.tags):
            yield Difference(
                what, f"has the tags {_listed(tags)} instead of {_listed(user.tags)}", Cure.APPLY, user.name
            )
        limits = row.get("limits") or {}
        for limit, value in user.limits.items():
            if limits.get(limit) != value:
                told = f"{limit} {limits[limit]} instead of {value}" if limit in limits else f"no {limit} ({value})"
                yield Difference(what, f"has {told}", Cure.APPLY, user.name)
        for limit in sorted(set(limits) - set(user.limits)):
            problem = f"has {limit} {limits[limit]}, which is not set in the code"
            yield Difference(what, problem, Cure.REMOVE, user.name)


def _permissions(expected: Topology, found: Definitions, *, elsewhere: bool) -> Iterator[Difference]:
    accounts = {row["name"]: _tags(row) for row in found.get("users", ())}
    rows = {(row["user"], row["vhost"]): row for row in found.get("permissions", ())}
    for permission in expected.permissions:
        row = rows.pop((permission.user, permission.vhost), None)
        if permission.user not in accounts or permission.user == ADMINISTRATOR:
            continue
        what = f"account {permission.user} in {permission.vhost}"
        if row is None:
            yield Difference(what, "has no permissions", Cure.APPLY, permission.user)
            continue
        for right in ("configure", "write", "read"):
            wanted = getattr(permission, right)
            if row[right] != wanted:
                yield Difference(what, f"may {right} {row[right]} instead of {wanted}", Cure.APPLY, permission.user)
    ours = {user.name for user in expected.users}
    for user, vhost in sorted(rows):
        inside = vhost in expected.vhosts and "administrator" not in accounts.get(user, set())
        if inside or (elsewhere and user in ours - {ADMINISTRATOR}):
            yield Difference(f"account {user} in {vhost}", "has permissions that do not belong here", Cure.REMOVE, user)


def _policies(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {(row["vhost"], row["name"]): row for row in _within(expected, found, "policies")}
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
        yield Difference(f"policy {name} in {vhost}", "does not belong here", Cure.REMOVE)


def _intruders(expected: Topology, found: Definitions) -> Iterator[Difference]:
    """Other things that change where messages go, or who may send them."""
    for row in _within(expected, found, "topic_permissions"):
        what = f"account {row['user']} in {row['vhost']}"
        yield Difference(what, f"has topic permissions on {row['exchange']} that do not belong here", Cure.REMOVE)
    for row in _within(expected, found, "parameters"):
        yield Difference(
            f"parameter {row['component']} {row['name']} in {row['vhost']}", "does not belong here", Cure.REMOVE
        )


def _within(expected: Topology, found: Definitions, part: str) -> list[Mapping[str, Any]]:
    return [row for row in found.get(part, ()) if row.get("vhost") in expected.vhosts]


def _durability(what: str, row: Mapping[str, Any]) -> Iterator[Difference]:
    if not row["durable"]:
        yield Difference(what, "is not durable", Cure.RECREATE)
    if row["auto_delete"]:
        yield Difference(what, "deletes itself when it is no longer used", Cure.RECREATE)


def _arguments(what: str, wanted: Arguments, told: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(set(wanted) | set(told)):
        if name not in told:
            yield Difference(what, f"has no {name} ({wanted[name]})", Cure.RECREATE)
        elif name not in wanted:
            yield Difference(what, f"has {name} {told[name]}, which is not set in the code", Cure.RECREATE)
        elif told[name] != wanted[name]:
            yield Difference(what, f"has {name} {told[name]} instead of {wanted[name]}", Cure.RECREATE)


def _binding(vhost: str, source: str, destination: str, routing_key: str, arguments: str) -> str:
    told = "" if arguments == "{}" else f" and arguments {arguments}"
    return f"binding of {source} to {destination} with key {routing_key!r}{told} in {vhost}"


def _stable(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), sort_keys=True)


def _tags(row: Mapping[str, Any]) -> set[str]:
    tags = row.get("tags") or []
    return set(tags.split(",") if isinstance(tags, str) else tags)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "nothing"
