"""Preparation of servers for the services. Everything here is safe to repeat."""

import asyncpg

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import ADMINISTRATOR, box_office_account
from culture_connect_cli.accounts import add_account
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import Management
from culture_connect_cli.database.roles import prepare_roles
from culture_connect_cli.private_files import replace_json
from culture_connect_cli.secrets.installation import DATABASE
from culture_connect_cli.services import SERVICES
from culture_connect_cli.stack.home import Home
from culture_connect_cli.stack.secrets import StackSecrets
from culture_connect_cli.stack.servers import ExternalRabbitMQ, PostgresServer
from culture_connect_cli.stack_file import record_account


async def prepare_database(server: PostgresServer, secrets: StackSecrets) -> None:
    """Creates the services' database, with a role and a schema for each."""
    connection = await asyncpg.connect(server.url())
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", DATABASE):
            await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()
    await prepare_roles(server.url(DATABASE), {role: secrets.database_password(role) for role in SERVICES})


async def prepare_external_broker(server: ExternalRabbitMQ, secrets: StackSecrets) -> ExternalRabbitMQ:
    """Creates topology and accounts on an external broker; returns it with the login of the stack's administrator."""
    async with Management(server.management_url, server.username, server.password) as management:
        await management.post("definitions", body=secrets.definitions)
    password = secrets.broker_password(ADMINISTRATOR)
    return ExternalRabbitMQ(server.host, server.port, server.management_url, ADMINISTRATOR, password)


async def add_box_office_accounts(broker: Broker, home: Home) -> None:
    """Adds an account for the box office of every venue, since ticketing publishes to their queues.

    An account whose password is lost (stack.json was removed) gets a new one.
    """
    if not home.stack_file.exists():
        replace_json(home.stack_file, {"accounts": {}})
    async with broker.management() as management:
        present = {user["name"] for user in await management.get("users")}
    recorded = home.recorded_accounts()
    for venue in Venue:
        account = box_office_account(venue)
        if account not in present or account not in recorded:
            added = await add_account(broker, "box-office", venue, rotate=account in present)
            record_account(home.stack_file, added)
