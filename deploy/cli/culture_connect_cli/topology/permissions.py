"""Comparison of a broker's accounts with those in the code: tags, limits, permissions. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from culture_connect.messaging.topology import ADMINISTRATOR, Topology
from culture_connect_cli.broker.definitions import Definitions
from culture_connect_cli.topology.difference import Difference, Remedy, rows_in_vhosts


def account_differences(expected: Topology, found: Definitions, *, elsewhere: bool) -> list[Difference]:
    """Every difference of the accounts; arguments as of `differences`."""
    return [
        *_users(expected, found),
        *_permissions(expected, found, elsewhere=elsewhere),
        *_topic_permissions(expected, found),
    ]


def _users(expected: Topology, found: Definitions) -> Iterator[Difference]:
    rows = {row["name"]: row for row in found.get("users", ())}
    for user in expected.users:
        what = f"account {user.name}"
        row = rows.get(user.name)
        if row is None:
            # Operators may administer the broker with other accounts.
            if user.name != ADMINISTRATOR:
                yield Difference(what, "is missing", Remedy.ACCOUNT, user.name)
            continue
        tags = _tags(row)
        if tags != set(user.tags):
            yield Difference(
                what, f"has the tags {_listed(tags)} instead of {_listed(user.tags)}", Remedy.APPLY, user.name
            )
        limits = row.get("limits") or {}
        for limit, value in user.limits.items():
            if limits.get(limit) != value:
                granted = f"{limit} {limits[limit]} instead of {value}" if limit in limits else f"no {limit} ({value})"
                yield Difference(what, f"has {granted}", Remedy.APPLY, user.name)
        for limit in sorted(set(limits) - set(user.limits)):
            problem = f"has {limit} {limits[limit]}, which is not set in the code"
            yield Difference(what, problem, Remedy.REMOVE, user.name)


def _permissions(expected: Topology, found: Definitions, *, elsewhere: bool) -> Iterator[Difference]:
    accounts = {row["name"]: _tags(row) for row in found.get("users", ())}
    rows = {(row["user"], row["vhost"]): row for row in found.get("permissions", ())}
    for permission in expected.permissions:
        row = rows.pop((permission.user, permission.vhost), None)
        if permission.user not in accounts or permission.user == ADMINISTRATOR:
            continue
        what = f"account {permission.user} in {permission.vhost}"
        if row is None:
            yield Difference(what, "has no permissions", Remedy.APPLY, permission.user)
            continue
        for right in ("configure", "write", "read"):
            wanted = getattr(permission, right)
            if row[right] != wanted:
                yield Difference(what, f"may {right} {row[right]} instead of {wanted}", Remedy.APPLY, permission.user)
    ours = {user.name for user in expected.users}
    for user, vhost in sorted(rows):
        inside = vhost in expected.vhosts and "administrator" not in accounts.get(user, set())
        if inside or (elsewhere and user in ours - {ADMINISTRATOR}):
            yield Difference(
                f"account {user} in {vhost}", "has permissions that do not belong here", Remedy.REMOVE, user
            )


def _topic_permissions(expected: Topology, found: Definitions) -> Iterator[Difference]:
    accounts = {row["name"] for row in found.get("users", ())}
    rows = {
        (row["user"], row["vhost"], row["exchange"]): row
        for row in rows_in_vhosts(expected, found, "topic_permissions")
    }
    for permission in expected.topic_permissions:
        row = rows.pop((permission.user, permission.vhost, permission.exchange), None)
        if permission.user not in accounts:
            continue
        what = f"account {permission.user} in {permission.vhost}"
        granted = (row["write"], row["read"]) if row else None
        if granted != (permission.write, permission.read):
            keys = f"write {granted[0]} and bind {granted[1]}" if granted else "write any key"
            wanted = f"write {permission.write} and bind {permission.read}"
            problem = f"may {keys} on exchange {permission.exchange} instead of {wanted}"
            yield Difference(what, problem, Remedy.APPLY, permission.user)
    for user, vhost, exchange in sorted(rows):
        what = f"account {user} in {vhost}"
        yield Difference(what, f"has topic permissions on {exchange} that do not belong here", Remedy.REMOVE, user)


def _tags(row: Mapping[str, Any]) -> set[str]:
    tags = row.get("tags") or []
    return set(tags.split(",") if isinstance(tags, str) else tags)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "nothing"
