"""What a server needs before the services can use it. Everything here is safe to repeat."""

import asyncpg

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import ADMINISTRATOR, SERVICES, box_office_account
from culture_connect_cli import stack_file
from culture_connect_cli.accounts import onboarding
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import Management
from culture_connect_cli.database.roles import prepare_roles
from culture_connect_cli.secrets.provisioning import DATABASE
from culture_connect_cli.stack.home import Home, write_whole
from culture_connect_cli.stack.programs import Vault
from culture_connect_cli.stack.servers import GivenRabbitMQ, PostgresServer


async def prepare_database(server: PostgresServer, vault: Vault) -> None:
    """The services' database, with a role and a schema for each."""
    connection = await asyncpg.connect(server.url())
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", DATABASE):
            await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()
    await prepare_roles(server.url(DATABASE), {role: vault.database_password(role) for role in SERVICES})


async def prepare_given_broker(server: GivenRabbitMQ, vault: Vault) -> GivenRabbitMQ:
    """Topology and accounts on a broker that is not ours; returns it as seen by the stack's own administrator."""
    async with Management(server.management_url, server.username, server.password) as management:
        await management.post("definitions", body=vault.definitions)
    password = vault.broker_password(ADMINISTRATOR)
    return GivenRabbitMQ(server.host, server.port, server.management_url, ADMINISTRATOR, password)


async def open_box_offices(broker: Broker, home: Home) -> None:
    """An account for the box office of every venue: ticketing's feed needs their queues.

    An account whose password nobody knows any more (stack.json was removed) gets a new one.
    """
    if not home.stack_file.exists():
        write_whole(home.stack_file, {"accounts": {}})
    async with broker.management() as management:
        present = {user["name"] for user in await management.get("users")}
    recorded = home.recorded_accounts()
    for venue in Venue:
        account = box_office_account(venue)
        if account not in present or account not in recorded:
            credentials = await onboarding.add_account(broker, "box-office", venue, rotate=account in present)
            stack_file.record(home.stack_file, credentials)
