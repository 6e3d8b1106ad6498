import asyncio, secrets, uuid
from contextlib import AsyncExitStack
from collections.abc import AsyncIterator
import aio_pika, asyncpg, httpx, pytest
from sqlalchemy import text
from culture_connect.messaging import Database
from culture_connect.messaging.tables import metadata
from culture_connect.messaging.topology import Vhosts, definitions, password_hash, definitions_of, box_office_party
from tests.messaging.kit import BusUrls, Kit
from tests.support.wire import Wire


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    name = "t" + uuid.uuid4().hex[:8]
    admin = await asyncpg.connect("postgresql://postgres@127.0.0.1:5432/postgres")
    await admin.execute(f"create database {name}")
    url = f"postgresql://postgres@127.0.0.1:5432/{name}"
    db = await asyncpg.connect(url)
    await db.execute("create schema ticketing")
    await db.close()
    d = Database(url, schema="ticketing")
    async with d.engine.begin() as c:
        await c.run_sync(lambda sync: metadata.create_all(sync))
        await c.execute(text("create table effects (id bigint generated always as identity, participant uuid)"))
    await d.close()
    vh = Vhosts(core=f"core-{name}", edge=f"edge-{name}")
    async with httpx.AsyncClient(base_url="http://127.0.0.1:27673/api", auth=("admin", "admin"), timeout=30) as http:
        defs = definitions(vh, users={"ticketing": password_hash("pw")})
        (await http.post("/definitions", json=defs)).raise_for_status()
        for v in (vh.core, vh.edge):
            (
                await http.put(f"/permissions/{v}/admin", json={"configure": ".*", "write": ".*", "read": ".*"})
            ).raise_for_status()

        async def add_venue(v: str) -> None:
            (await http.post("/definitions", json=definitions_of(box_office_party(v, vh), {}))).raise_for_status()

        async with AsyncExitStack() as stack:
            channels = {}
            for key, v in (("core", vh.core), ("edge", vh.edge)):
                con = await stack.enter_async_context(await aio_pika.connect(f"amqp://admin:admin@127.0.0.1:27672/{v}"))
                channels[key] = await con.channel()
            wires = {
                "database": await stack.enter_async_context(Wire(5432)),
                "broker": await stack.enter_async_context(Wire(27672)),
            }
            k = Kit(
                database_url=url,
                urls=BusUrls(
                    f"amqp://ticketing:pw@127.0.0.1:27672/{vh.core}", f"amqp://ticketing:pw@127.0.0.1:27672/{vh.edge}"
                ),
                channels=channels,
                wires=wires,
                venues=add_venue,
            )
            yield k
            await k.database.close()
        for v in (vh.core, vh.edge):
            await http.delete(f"/vhosts/{v}")
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()
