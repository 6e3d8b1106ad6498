"""The topology of a running broker, corrected and verified."""

from collections.abc import Iterable, Mapping

from culture_connect.messaging.topology import (
    RETIRED_EXCHANGES,
    RETIRED_POLICIES,
    RETIRED_QUEUES,
    Topology,
    Vhosts,
    complete,
    definitions_of,
    is_password_of,
    password_hash,
)
from culture_connect_cli.broker.definitions import Definitions, find_clients
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.topology.comparison import differences
from culture_connect_cli.topology.difference import Difference, Remedy


class TopologyConflictError(BrokerError):
    """Something on the broker has other arguments and must be removed by a person; `conflicts` names it."""

    def __init__(self, conflicts: Iterable[Difference]) -> None:
        self.conflicts = tuple(conflicts)
        lines = "\n".join(f"  {conflict}" for conflict in self.conflicts)
        super().__init__(f"the broker has other arguments than the code, nothing was changed:\n{lines}")


async def apply_topology(
    management: Management,
    vhosts: Vhosts,
    *,
    partners: Iterable[str] = (),
    venues: Iterable[str] = (),
    passwords: Mapping[str, str] | None = None,
) -> list[Difference]:
    """Creates what is missing, corrects what can be corrected; returns the differences it removed.

    External clients with an account on the broker are completed as well; `partners` and `venues` (slugs) add others.
    `passwords` maps accounts to passwords: such an account is created, or gets this password. Other accounts keep
    theirs and are not created. Queues and exchanges of earlier releases are removed once empty; nothing else is.
    Queues of clients with other arguments are left to `migration.migrate`. Raises TopologyConflictError, before any
    change, when another queue or an exchange exists with other arguments; BrokerError as `Management`.
    """
    found = await management.get("definitions")
    known = find_clients(found, vhosts, with_account=True)
    wanted = complete(vhosts, {*known.partners, *partners}, {*known.venues, *venues})
    corrected = await apply_part(management, wanted, found, passwords or {})
    corrected += await _grant_administrator(management, vhosts, found)
    return corrected + await _retire(management, vhosts, found)


async def apply_part(
    management: Management, wanted: Topology, found: Definitions, passwords: Mapping[str, str]
) -> list[Difference]:
    """As `apply_topology`, for a part of the topology with its virtual hosts; `found` are the broker's definitions."""
    before = differences(wanted, found, elsewhere=False)
    conflicts = [row for row in before if row.remedy is Remedy.RECREATE]
    if conflicts:
        raise TopologyConflictError(conflicts)
    hashes = {row["name"]: row["password_hash"] for row in found["users"]}
    corrected = [row for row in before if row.remedy is Remedy.APPLY]
    for account, password in passwords.items():
        if not is_password_of(password, hashes.get(account, "")):
            problem = "has another password" if account in hashes else "is missing"
            corrected.append(Difference(f"account {account}", problem, Remedy.APPLY, account))
            hashes[account] = password_hash(password)
    if corrected:
        # Only accounts that change are imported, so that a password changed meanwhile is kept. The import adds and
        # updates, never removes: https://www.rabbitmq.com/docs/definitions
        users = {row.account: hashes[row.account] for row in corrected if row.account}
        document = definitions_of(wanted, users)
        rights = {part: document[part] for part in ("users", "permissions", "topic_permissions")}
        # Permissions come after bindings: a message published before its queue is bound would be confirmed and lost.
        await management.post("definitions", body={**document, **{part: [] for part in rights}})
        if users:
            await management.post("definitions", body=rights)
    return corrected


async def _grant_administrator(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Gives the administrator the permissions to remove queues and read dead letters."""
    present = {(row["user"], row["vhost"]) for row in found["permissions"]}
    user = management.username
    missing = [vhost for vhost in (vhosts.core, vhosts.edge) if (user, vhost) not in present]
    for vhost in missing:
        body = {"configure": ".*", "write": ".*", "read": ".*"}
        await management.put("permissions", vhost, user, body=body)
    problem = "has no permissions"
    return [Difference(f"account {user} in {vhost}", problem, Remedy.APPLY, user) for vhost in missing]


async def _retire(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Removes retired queues that are empty, and their exchanges after the last of them."""
    removed = []
    for vhost in (vhosts.core, vhosts.edge):
        queues = [row["name"] for row in found["queues"] if row["vhost"] == vhost and row["name"] in RETIRED_QUEUES]
        emptied = [name for name in queues if await _is_removed(management, vhost, name)]
        removed += [Difference(f"queue {name} in {vhost}", "was no longer used", Remedy.RETIRE) for name in emptied]
        if emptied != queues:
            continue  # their messages come back through the exchanges
        for row in found["exchanges"]:
            if row["vhost"] == vhost and row["name"] in RETIRED_EXCHANGES:
                await management.delete("exchanges", vhost, row["name"])
                what = f"exchange {row['name']} in {vhost}"
                removed.append(Difference(what, "was no longer used", Remedy.RETIRE))
    return removed + await _retire_policies(management, vhosts, found)


async def _retire_policies(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Removes retired policies."""
    old = [
        (row["vhost"], row["name"])
        for row in found["policies"]
        if row["vhost"] in (vhosts.core, vhosts.edge) and row["name"] in RETIRED_POLICIES
    ]
    for vhost, name in old:
        await management.delete("policies", vhost, name)
    return [Difference(f"policy {name} in {vhost}", "was no longer used", Remedy.RETIRE) for vhost, name in old]


async def _is_removed(management: Management, vhost: str, queue: str) -> bool:
    """Removes the queue if it is empty; True when it did."""
    # The reported count may be seconds old and quorum queues do not support `if-empty`, so a message is asked for.
    look = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "base64"}
    return not await management.post("queues", vhost, queue, "get", body=look) and await management.delete(
        "queues", vhost, queue
    )


def known_topology(found: Definitions, vhosts: Vhosts) -> Topology:
    """The topology in the code for the external clients that the broker knows, whole or in part."""
    known = find_clients(found, vhosts)
    return complete(vhosts, known.partners, known.venues)


async def verify_topology(management: Management, vhosts: Vhosts, *, elsewhere: bool = True) -> list[Difference]:
    """The differences between the broker and the code, for the clients that the broker knows; see `differences`."""
    found = await management.get("definitions")
    return differences(known_topology(found, vhosts), found, elsewhere=elsewhere)
