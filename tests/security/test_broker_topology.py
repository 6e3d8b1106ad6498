"""Applying and verifying the topology on a real broker."""

import asyncio
from typing import Any

import pytest

from culture_connect.messaging.topology import RECEIPTS_LIMITS, complete, definitions, events_queue, password_hash
from culture_connect_cli.accounts import remove_account
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import Management
from culture_connect_cli.topology.apply import TopologyConflictError, apply_topology, verify_topology
from tests.security import clients
from tests.support.probes import until


async def _apply(broker: Broker) -> list[str]:
    async with broker.management() as management:
        return [str(row) for row in await apply_topology(management, broker.vhosts)]


async def _verify(broker: Broker) -> list[str]:
    """The differences in this module's virtual hosts."""
    async with broker.management() as management:
        found = await verify_topology(management, broker.vhosts, elsewhere=False)
    return [str(row) for row in found]


async def _definitions(broker: Broker) -> dict[str, Any]:
    async with broker.management() as management:
        found: dict[str, Any] = await management.get("definitions")
    ours = (broker.vhosts.core, broker.vhosts.edge)
    return {
        part: sorted(map(str, (row for row in rows if row.get("vhost") in ours)))
        for part, rows in found.items()
        if isinstance(rows, list)
    }


async def test_applying_twice_changes_nothing(broker: Broker) -> None:
    await clients.new_account(broker, "hr")
    await _apply(broker)
    before = await _definitions(broker)
    assert await _apply(broker) == []
    assert await _definitions(broker) == before
    assert await _verify(broker) == []


async def test_the_broker_holds_exactly_what_the_code_says(broker: Broker) -> None:
    await _apply(broker)
    found = await _definitions(broker)
    wanted = complete(broker.vhosts)
    assert len(found["queues"]) >= len(wanted.queues)
    assert all("'x-queue-type': 'quorum'" in row for row in found["queues"])
    assert len(found["policies"]) == len(wanted.policies)


async def test_a_queue_that_is_there_already_gets_its_bounds(broker: Broker) -> None:
    """As on a broker that an earlier version of the code has set up, with one policy for receipts and tickets."""
    account = await clients.new_account(broker, "hr")
    async with broker.management() as management:
        await management.delete("policies", account.vhost, "receipts")
        assert f"policy receipts in {account.vhost} is missing" in await _verify(broker)
        for name in ("receipts", "outbound"):
            await management.put(
                "policies", account.vhost, name, body={"pattern": "^x$", "definition": {"max-length": 1}}
            )
        assert len([row for row in await _verify(broker) if row.startswith("policy receipts")]) == 2
        assert f"policy outbound in {account.vhost} is no longer used" in await _verify(broker)
        await _apply(broker)
        assert await _verify(broker) == []
        row = await until(
            lambda: management.get("queues", account.vhost, account.queue),
            lambda row: row.get("policy") == "receipts",
            "what the broker tells of the queue",
        )
    assert row["effective_policy_definition"] == RECEIPTS_LIMITS


async def test_a_planted_binding_is_found(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    path = ("bindings", account.vhost, "e", account.exchange, "q", "registration.dead")
    async with broker.management() as management:
        await management.post(*path, body={"routing_key": "spy", "arguments": {}})
        told = await _verify(broker)
        assert await management.delete(*path, "spy")
    assert told == [
        (
            f"binding of {account.exchange} to queue registration.dead with key 'spy' in {account.vhost}"
            " does not belong here"
        )
    ]
    assert await _verify(broker) == []


async def test_extra_rights_and_missing_limits_are_found_and_put_right(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    async with broker.management() as management:
        everything = {"configure": "", "write": ".*", "read": ".*"}
        await management.put("permissions", account.vhost, account.username, body=everything)
        assert await management.delete("user-limits", account.username, "max-channels")
    told = await _verify(broker)
    assert f"account {account.username} has no max-channels (8)" in told
    assert any(f"account {account.username} in {account.vhost} may write .* instead of" in row for row in told)
    assert any("may configure" in row for row in told)
    assert sorted(await _apply(broker)) == sorted(told)
    assert await _verify(broker) == []
    # The account keeps its password.
    async with clients.channel_of(account.url):
        pass


async def test_a_lost_queue_is_made_again(broker: Broker) -> None:
    async with broker.management() as management:
        assert await management.delete("queues", broker.vhosts.core, "ticketing.events")
    told = await _verify(broker)
    assert f"queue ticketing.events in {broker.vhosts.core} is missing" in told
    await _apply(broker)
    assert await _verify(broker) == []


async def test_a_queue_between_the_services_with_other_arguments_is_named_and_nothing_is_changed(
    broker: Broker,
) -> None:
    account = await clients.new_account(broker, "hr")
    queue, core = events_queue("ticketing"), broker.vhosts.core
    async with broker.management() as management:
        await management.delete("queues", core, queue)
        await _declare(management, core, queue)
        await management.delete("queues", account.vhost, account.queue)
        before = await _definitions(broker)
        with pytest.raises(TopologyConflictError) as refusal:
            await apply_topology(management, broker.vhosts)
        assert await _definitions(broker) == before
        assert f"queue {queue} in {core} has no x-delivery-limit (20)" in str(refusal.value)
        await management.delete("queues", core, queue)
    await remove_account(broker, "hr", clients.name_of(account))
    await _apply(broker)


async def test_definitions_can_be_imported_as_they_are_written(broker: Broker) -> None:
    """`POST /api/definitions`, as an operator's console does it; twice, since an import only adds."""
    name = clients.name_of(await clients.new_account(broker, "hr"))
    account = f"hr.{name}"
    document = definitions(broker.vhosts, [name], [], {account: password_hash("imported")})
    async with broker.management() as management:
        for _ in range(2):
            await management.post("definitions", body=document)
    assert await _verify(broker) == []
    url = f"amqp://{account}:imported@{broker.host}:{broker.port}/{broker.vhosts.edge}"
    async with clients.channel_of(url):
        pass


async def test_two_administrators_can_apply_at_once(broker: Broker) -> None:
    async with broker.management() as management:
        assert await management.delete("queues", broker.vhosts.edge, "registration.dead")
    await asyncio.gather(_apply(broker), _apply(broker))
    assert await _verify(broker) == []


async def test_what_an_earlier_release_used_is_removed_once_it_is_empty(broker: Broker) -> None:
    vhost, queue = broker.vhosts.edge, "ticketing.retry.10m"
    async with broker.management() as management:
        await _declare(management, vhost, queue)
        await management.put("exchanges", vhost, "ticketing.retry", body={"type": "headers", "durable": True})
        message = {"properties": {}, "routing_key": queue, "payload": "waits", "payload_encoding": "string"}
        await management.post("exchanges", vhost, "amq.default", "publish", body=message)
        await _apply(broker)
        assert {str(row) for row in await _verify(broker)} == {
            f"queue {queue} in {vhost} is no longer used",
            f"exchange ticketing.retry in {vhost} is no longer used",
        }
        await management.delete("queues", vhost, queue, "contents")
    await _apply(broker)
    assert await _verify(broker) == []


async def _declare(management: Management, vhost: str, queue: str) -> None:
    body = {"durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}
    await management.put("queues", vhost, queue, body=body)
