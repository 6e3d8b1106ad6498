"""The service's door to its own schema."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from weakref import WeakSet

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel.ext.asyncio.session import AsyncSession

from culture_connect.messaging import postgres
from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.errors import DatabaseUnavailable, transactions_collided
from culture_connect.messaging.postgres import COMMAND_TIMEOUT, Pooler
from culture_connect.messaging.unit_of_work import UnitOfWork

ATTEMPTS = 3  # of a transaction that collides with others

_TRUSTED = 1.0  # seconds after its last use for which a connection is taken to be well
_WAIT_FOR_CONNECTION = 10.0  # seconds, while all connections are in use
_PING = 8.0  # seconds: a silent connection is found, and another one made
_CLOSE = 2.0  # seconds

# Told with the BEGIN, so it costs no statement of its own.
_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

_READ_ONLY = "25006"  # SQLSTATE
_CAN_WRITE = text("select current_setting('transaction_read_only') = 'off'")

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


class Database:
    """A pool of connections whose search path is one schema.

    `url` is `postgresql://role:password@host:port/database`, or with several hosts and the `target_session_attrs` of
    the one to be used, see `postgres`; `schema` names the service as well. `clock` tells the moment (UTC) of each unit
    of work. A statement takes at most `command_timeout` seconds, without a limit when None. `pooler` is "transaction"
    when a pooler such as pgbouncer stands before the database and gives each transaction another session: then nothing
    is kept in sessions, and `listens` is False, since LISTEN would hear nothing.

    A silent or lost connection, a refused login and the like raise what `is_database_fault` is true for.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str,
        pool_size: int = 10,
        clock: Callable[[], datetime] = _now,
        pooler: Pooler = "none",
        command_timeout: float | None = COMMAND_TIMEOUT,
    ) -> None:
        # As asyncpg reads it, which knows no driver in the scheme.
        self.url = f"postgresql://{url.partition('://')[2]}"
        self._addresses = Addresses(self.url)
        self.schema = schema
        self.listens = pooler == "none"
        self._pooler: Pooler = pooler
        self._command_timeout = command_timeout
        self._clock = clock
        self._open: WeakSet[asyncpg.Connection] = WeakSet()
        self.engine: AsyncEngine = create_async_engine(
            # It tells the dialect; the connections are made below.
            make_url(self._addresses.urls[0]).set(drivername="postgresql+asyncpg"),
            async_creator=lambda **_: self.connect(),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_WAIT_FOR_CONNECTION,
            # What a statement is given is personal: an exception names the statement alone.
            hide_parameters=True,
            connect_args=_without_prepared_statements() if pooler == "transaction" else {},
        )
        event.listen(self.engine.sync_engine, "checkin", _note_use)
        event.listen(self.engine.sync_engine, "checkout", _check)
        event.listen(self.engine.sync_engine, "handle_error", _drop_silent_connection)
        if self._addresses.are_several:
            event.listen(self.engine.sync_engine, "handle_error", _leave_read_only_server)

    async def connect(self, application_name: str | None = None) -> asyncpg.Connection:
        """A connection of its own, not of the pool, with the same limits; whoever asks for it closes it.

        Raises DatabaseUnavailable, or asyncpg's errors when the server refuses.
        """
        connection = await postgres.connect(
            self._addresses,
            schema=self.schema,
            application_name=application_name or self.schema,
            pooler=self._pooler,
            command_timeout=self._command_timeout,
        )
        self._open.add(connection)
        return connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed when the block ends, with the events it emitted; rolled back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            with _connecting():
                connection = await session.connection()
            work = UnitOfWork(session, connection, service=self.schema, now=self._clock())
            yield work
            await work.flush()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[UnitOfWork]:
        """One transaction that reads: all of it shows one moment, whatever is committed meanwhile.

        For each answer, page or file; `begin` shows a later moment with each statement. Writing is refused by the
        database, and nothing that is read here is locked: it may be outdated as soon as it is shown.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            with _connecting():
                connection = await session.connection(execution_options=_ONE_MOMENT)
            work = UnitOfWork(session, connection, service=self.schema, now=self._clock())
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
        """Raises when the database does not answer within 8 s, or takes no writes."""
        try:
            async with asyncio.timeout(_PING):
                with _connecting():
                    connection = await self.engine.connect()
                try:
                    can_write = (await connection.execute(_CAN_WRITE)).scalar_one()
                    if not can_write and self._addresses.are_several:
                        await connection.invalidate()
                finally:
                    await connection.close()
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no answer within {_PING:g} s") from error
        if not can_write:
            raise DatabaseUnavailable("read-only (25006)")

    async def close(self) -> None:
        """Closes all connections, within 2 s also those that do not answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE):
                await self.engine.dispose()
        for connection in list(self._open):
            connection.terminate()


def _without_prepared_statements() -> dict[str, Any]:
    # Without a name a statement is parsed in the same breath as it is executed, and leaves nothing in the session. See
    # "Prepared Statement Name with PGBouncer" in SQLAlchemy's documentation of the asyncpg dialect.
    return {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""}


@contextmanager
def _connecting() -> Iterator[None]:
    """Turns errors of the network while a connection is prepared into faults of the database."""
    try:
        yield
    except OSError as error:
        raise DatabaseUnavailable(f"no connection ({type(error).__name__})") from error


def _note_use(_: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["used_at"] = time.monotonic()


def _check(dbapi_connection: Any, entry: ConnectionPoolEntry, _: Any) -> None:
    """A connection that rested may be dead without a sign: it has to answer, else the pool makes all anew."""
    used_at = entry.info.get("used_at")
    if used_at is None:  # made just now
        return
    if dbapi_connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if time.monotonic() - used_at > _TRUSTED:
        try:
            dbapi_connection.run_async(postgres.ping)
        except DatabaseUnavailable as error:
            raise InvalidatePoolError from error


def _drop_silent_connection(context: ExceptionContext) -> None:
    """A statement that was not answered in time: nothing more is said on this connection, no rollback either."""
    error = context.original_exception
    if isinstance(error, OSError) and context.connection is not None:
        driver = context.connection.connection.driver_connection
        if driver is not None:
            driver.terminate()
        context.is_disconnect = True
        reason = "statement not answered in time" if isinstance(error, TimeoutError) else "connection lost"
        raise DatabaseUnavailable(reason) from error


def _leave_read_only_server(context: ExceptionContext) -> None:
    """A primary that takes no writes any more has a successor: all connections to it are given up."""
    if getattr(context.original_exception, "sqlstate", None) != _READ_ONLY or context.connection is None:
        return
    # A snapshot takes no writes wherever it is.
    if not context.connection.get_execution_options().get("postgresql_readonly"):
        context.is_disconnect = True
