"""The topology on a running broker: made, and compared with the code."""

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
from culture_connect_cli.broker.definitions import Definitions, parties_of
from culture_connect_cli.broker.management import BrokerError, Management
from culture_connect_cli.topology.comparison import Cure, Difference, differences


class TopologyConflictError(BrokerError):
    """Something on the broker stands in the way and must be removed by a person; `conflicts` names it."""

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
    """Makes what is missing and puts right what can be; returns the differences it removed, none when all was well.

    Parties that the broker knows already are completed as well; `partners` and `venues` (slugs) add others.
    `passwords` maps accounts to passwords: such an account is made, or gets this password. Other accounts
    keep theirs and are not made. What an earlier release used is removed once it is empty; nothing else ever is.
    Queues of parties with other arguments are left to `migration.migrate`. Raises TopologyConflictError, before
    anything is changed, when another queue or an exchange exists with other arguments; BrokerError as `Management`.
    """
    found = await management.get("definitions")
    known = parties_of(found, vhosts, with_account=True)
    wanted = complete(vhosts, {*known.partners, *partners}, {*known.venues, *venues})
    mended = await apply_part(management, wanted, found, passwords or {})
    mended += await _let_in(management, vhosts, found)
    return mended + await _retire(management, vhosts, found)


async def apply_part(
    management: Management, wanted: Topology, found: Definitions, passwords: Mapping[str, str]
) -> list[Difference]:
    """As `apply`, for any piece of topology that names its virtual hosts; `found` are the broker's definitions."""
    before = differences(wanted, found, elsewhere=False)
    conflicts = [row for row in before if row.cure is Cure.RECREATE]
    if conflicts:
        raise TopologyConflictError(conflicts)
    hashes = {row["name"]: row["password_hash"] for row in found["users"]}
    mended = [row for row in before if row.cure is Cure.APPLY]
    for account, password in passwords.items():
        if not is_password_of(password, hashes.get(account, "")):
            problem = "has another password" if account in hashes else "is missing"
            mended.append(Difference(f"account {account}", problem, Cure.APPLY, account))
            hashes[account] = password_hash(password)
    if mended:
        # Only accounts that change are imported, so that a password changed meanwhile is not put back. The import
        # adds and updates, never removes: https://www.rabbitmq.com/docs/definitions
        users = {row.account: hashes[row.account] for row in mended if row.account}
        document = definitions_of(wanted, users)
        rights = {part: document[part] for part in ("users", "permissions", "topic_permissions")}
        # Who may write before the queue is bound would be told that a message that goes nowhere was taken.
        await management.post("definitions", body={**document, **{part: [] for part in rights}})
        if users:
            await management.post("definitions", body=rights)
    return mended


async def _let_in(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Gives the administrator who applies the rights that removing queues and reading dead letters take."""
    present = {(row["user"], row["vhost"]) for row in found["permissions"]}
    user = management.username
    missing = [vhost for vhost in (vhosts.core, vhosts.edge) if (user, vhost) not in present]
    for vhost in missing:
        body = {"configure": ".*", "write": ".*", "read": ".*"}
        await management.put("permissions", vhost, user, body=body)
    problem = "has no permissions"
    return [Difference(f"account {user} in {vhost}", problem, Cure.APPLY, user) for vhost in missing]


async def _retire(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Removes what is no longer used: queues that are empty, and with the last of them the exchanges around them."""
    removed = []
    for vhost in (vhosts.core, vhosts.edge):
        queues = [row["name"] for row in found["queues"] if row["vhost"] == vhost and row["name"] in RETIRED_QUEUES]
        emptied = [name for name in queues if await _is_removed(management, vhost, name)]
        removed += [Difference(f"queue {name} in {vhost}", "was no longer used", Cure.RETIRE) for name in emptied]
        if emptied != queues:
            continue  # what waits in them comes back by way of the exchanges
        for row in found["exchanges"]:
            if row["vhost"] == vhost and row["name"] in RETIRED_EXCHANGES:
                await management.delete("exchanges", vhost, row["name"])
                what = f"exchange {row['name']} in {vhost}"
                removed.append(Difference(what, "was no longer used", Cure.RETIRE))
    return removed + await _retire_policies(management, vhosts, found)


async def _retire_policies(management: Management, vhosts: Vhosts, found: Definitions) -> list[Difference]:
    """Removes the policies that others have taken the place of."""
    old = [
        (row["vhost"], row["name"])
        for row in found["policies"]
        if row["vhost"] in (vhosts.core, vhosts.edge) and row["name"] in RETIRED_POLICIES
    ]
    for vhost, name in old:
        await management.delete("policies", vhost, name)
    return [Difference(f"policy {name} in {vhost}", "was no longer used", Cure.RETIRE) for vhost, name in old]


async def _is_removed(management: Management, vhost: str, queue: str) -> bool:
    """Removes the queue if nothing is in it."""
    # Its count may be some seconds old, and a quorum queue does not know `if-empty`: so it is asked for a message.
    look = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "base64"}
    return not await management.post("queues", vhost, queue, "get", body=look) and await management.delete(
        "queues", vhost, queue
    )


def known_topology(found: Definitions, vhosts: Vhosts) -> Topology:
    """What the code says for the parties that the broker knows, whole or in part."""
    known = parties_of(found, vhosts)
    return complete(vhosts, known.partners, known.venues)


async def verify_topology(management: Management, vhosts: Vhosts, *, elsewhere: bool = True) -> list[Difference]:
    """The differences between the broker and the code, for the parties that the broker knows; see `differences`."""
    found = await management.get("definitions")
    return differences(known_topology(found, vhosts), found, elsewhere=elsewhere)
