"""The service's door to its own schema."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from culture_connect.messaging.errors import transactions_collided
from culture_connect.messaging.unit_of_work import UnitOfWork

ATTEMPTS = 3  # of a transaction that collides with others

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class Database:
    """A pool of connections whose search path is one schema.

    `url` is `postgresql://role:password@host:port/database`; `schema` names the service as well. `clock` tells the
    moment (UTC) of each unit of work.
    """

    def __init__(self, url: str, *, schema: str, pool_size: int = 10, clock: Callable[[], datetime] = _now) -> None:
        self.url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.schema = schema
        self._clock = clock
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            # Connections that died with a restarted server are replaced before they can fail a request.
            pool_pre_ping=True,
            # What a statement is given is personal: an exception names the statement alone.
            hide_parameters=True,
            connect_args={
                "timeout": 10,
                "server_settings": {"search_path": schema, "application_name": schema, "timezone": "UTC"},
            },
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed when the block ends, with the events it emitted; rolled back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            work = UnitOfWork(session, await session.connection(), service=self.schema, now=self._clock())
            yield work
            await work.flush()

    async def transact(self, effect: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Runs `effect` in one transaction, and again in a new one when it collides with another; returns what it did.

        It must have no effects but through the unit of work.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.begin() as work:
                    return await effect(work)
            except DBAPIError as error:
                if attempt == ATTEMPTS or not transactions_collided(error):
                    raise
        raise AssertionError("unreachable")

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()
