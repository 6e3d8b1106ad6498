"""Onboarding and offboarding of external clients on a real broker."""

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import PartyKind, Vhosts, enrolments_queue, holding_queue, receipts_queue
from culture_connect_cli.accounts import (
    AccountError,
    Credentials,
    add_account,
    list_accounts,
    remove_account,
)
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import LoginRefusedError
from tests.security import clients
from tests.support.probes import eventually, until


async def _everything_named_after(broker: Broker, credentials: Credentials) -> list[str]:
    """Returns the places in the broker's definitions that still mention the account."""
    async with broker.management() as management:
        found = await management.get("definitions")
    return [
        f"{part}: {row}"
        for part in ("users", "permissions", "exchanges", "queues", "bindings")
        for row in found[part]
        if clients.name_of(credentials) in str(row)
    ]


async def test_what_is_printed_is_all_that_a_client_needs(broker: Broker) -> None:
    account = await clients.new_account(broker, "box-office")
    assert len(account.password) == 32
    assert account.password not in repr(account)
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, account.routing_key, aio_pika.Message(b"{}"))
        assert await clients.fetch(channel, account.queue) is None


async def test_an_account_is_not_added_twice(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    with pytest.raises(AccountError, match="--rotate"):
        await add_account(broker, "hr", clients.name_of(account))
    await (await aio_pika.connect(account.url, timeout=10)).close()


async def test_a_new_password_ends_the_old_one_and_its_connections(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    async with await aio_pika.connect(account.url, timeout=10) as connection:
        # The console learns of a connection a moment after it was opened.
        await eventually(lambda: _connections(broker, account), 1, "the connections listed")
        renewed = await add_account(broker, "hr", clients.name_of(account), rotate=True)
        await until(lambda: connection.connected.is_set(), lambda open_: not open_, "the old connection to end")
    assert renewed.password != account.password
    with pytest.raises(AMQPError):
        await aio_pika.connect(account.url, timeout=10)
    await (await aio_pika.connect(renewed.url, timeout=10)).close()


async def test_only_an_account_that_exists_gets_a_new_password(broker: Broker) -> None:
    with pytest.raises(AccountError, match="no account"):
        await add_account(broker, "hr", "nobody-yet", rotate=True)


async def test_an_account_needs_the_topology(broker: Broker) -> None:
    elsewhere = Broker(
        broker.management_url,
        broker.username,
        broker.password,
        broker.host,
        broker.port,
        Vhosts("core-of-nobody", "edge-of-nobody"),
    )
    with pytest.raises(AccountError, match="topology apply"):
        await add_account(elsewhere, "hr", "t-without-topology")
    async with broker.management() as management:
        assert await management.find("users", "hr.t-without-topology") is None


@pytest.mark.parametrize("kind", ["hr", "box-office"])
async def test_removing_an_account_ends_its_connections_and_leaves_nothing(broker: Broker, kind: PartyKind) -> None:
    account = await clients.new_account(broker, kind)
    async with await aio_pika.connect(account.url, timeout=10) as connection:
        await eventually(lambda: _connections(broker, account), 1, "the connections listed")
        removal = await remove_account(broker, kind, clients.name_of(account))
        await until(lambda: connection.connected.is_set(), lambda open_: not open_, "the connection to end")
    assert removal.discarded == {}
    assert await _everything_named_after(broker, account) == []
    with pytest.raises(AMQPError):
        await aio_pika.connect(account.url, timeout=10)


async def test_messages_are_thrown_away_only_when_asked(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    name = clients.name_of(account)
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"{}"))
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"{}"))
    async with clients.channel_of(broker.amqp_url(account.vhost)) as ours:
        await clients.send(ours, "receipts", name, aio_pika.Message(b"{}"))

    inbound, outbound = enrolments_queue(name), receipts_queue(name)
    with pytest.raises(AccountError, match=rf"{inbound} holds 2 messages and {outbound} holds 1 message;"):
        await remove_account(broker, "hr", name)
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"{}"))

    removal = await remove_account(broker, "hr", name, discard=True)
    assert removal.discarded == {inbound: 3, outbound: 1}
    assert await _everything_named_after(broker, account) == []


async def test_what_a_broken_off_migration_holds_for_an_account_is_counted_and_goes_with_it(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    holding = holding_queue(account.queue)
    async with broker.management() as management:
        body = {"durable": True, "arguments": {"x-queue-type": "quorum"}}
        await management.put("queues", account.vhost, holding, body=body)
    async with clients.channel_of(broker.amqp_url(account.vhost)) as ours:
        await ours.default_exchange.publish(aio_pika.Message(b"{}"), holding, timeout=10)
    with pytest.raises(AccountError, match=f"{holding} holds 1 message"):
        await remove_account(broker, "hr", clients.name_of(account))
    await remove_account(broker, "hr", clients.name_of(account), discard=True)
    assert await _everything_named_after(broker, account) == []


async def test_an_unknown_account_cannot_be_removed(broker: Broker) -> None:
    with pytest.raises(AccountError, match=r"no account hr\.nobody-yet"):
        await remove_account(broker, "hr", "nobody-yet")


async def test_a_half_removed_account_can_be_removed(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    async with broker.management() as management:
        await management.delete("users", account.username)
        await management.delete("exchanges", account.vhost, account.exchange)
    await remove_account(broker, "hr", clients.name_of(account))
    assert await _everything_named_after(broker, account) == []


async def test_removing_one_account_leaves_the_others(broker: Broker) -> None:
    stays, goes = await clients.new_account(broker, "hr"), await clients.new_account(broker, "hr")
    await remove_account(broker, "hr", clients.name_of(goes))
    async with clients.channel_of(stays.url) as channel:
        await clients.send(channel, stays.exchange, "x", aio_pika.Message(b"{}"))


async def test_the_list_tells_who_is_there_and_what_is_incomplete(broker: Broker) -> None:
    whole, broken = await clients.new_account(broker, "hr"), await clients.new_account(broker, "box-office")
    async with broker.management() as management:
        await management.delete("queues", broken.vhost, broken.queue)
    states = {(state.kind, state.name): state for state in await list_accounts(broker)}
    assert states["hr", clients.name_of(whole)].complete
    assert not states["box-office", clients.name_of(broken)].complete
    assert states["box-office", clients.name_of(broken)].outbound is None


async def test_a_wrong_administrators_password_is_told_without_the_password(broker: Broker) -> None:
    wrong = Broker(broker.management_url, broker.username, "wrong-secret", broker.host, broker.port, broker.vhosts)
    with pytest.raises(LoginRefusedError) as refusal:
        await list_accounts(wrong)
    assert "wrong-secret" not in f"{refusal.value!r} {refusal.value.__cause__!r} {wrong!r}"


async def _connections(broker: Broker, account: Credentials) -> int:
    async with broker.management() as management:
        return len(await management.get("connections", "username", account.username))
