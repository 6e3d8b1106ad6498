"""Connections to PostgreSQL on which no wait is without an end, whatever becomes of the server or the wire.

The kernel ends a connection whose other side is gone, and so does the server with ours. A wire that swallows what is
sent, and a server that is stopped, are found by time limits on connecting, on every statement, and on closing.

Of the servers that a URL names, a connection is made to the first that is what its `target_session_attrs` asks for.
"""

import asyncio
import os
import socket
from typing import Any, Final, Literal

import asyncpg

from culture_connect.messaging.addresses import ADDRESS_TIMEOUT, Addresses
from culture_connect.messaging.errors import DatabaseUnavailable

CONNECT_TIMEOUT: Final = 5.0  # seconds, until a connection can be used
COMMAND_TIMEOUT: Final = 15.0  # seconds for a statement
PING_TIMEOUT: Final = 2.5  # seconds, until a connection that does not answer is given up
_CLOSE_TIMEOUT = 1.0  # seconds for a farewell
# The server ends a slow statement before the client takes the wire for silent, so the connection stays of use.
_SERVER_FIRST = 0.9

Pooler = Literal["none", "transaction"]

# How the server treats a service's sessions. With a pooler in between they are settings of the role
# (`culture_connect_cli.database.roles`), since it refuses most settings of a session.
SESSION_SETTINGS: Final = {
    "timezone": "UTC",
    # A replica that is stopped or cut off in the middle of a transaction holds its locks no longer than this.
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "10",  # seconds
    "tcp_keepalives_interval": "5",  # seconds
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",  # milliseconds
}

_SOCKET_OPTIONS = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 10),  # seconds
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),  # seconds
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 15_000),  # milliseconds, see RFC 5482
)


class Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """A connection whose closing ends soon, and that never cancels a commit."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's own name
        """Says farewell for at most a second; with a `timeout`, which SQLAlchemy gives when it discards a connection in
        the middle of something, not at all.

        asyncpg would first cancel what is running. A commit that waits for a standby and is cancelled counts as done
        without it (PostgreSQL, "Synchronous Replication"): a repetition of its message would be acked, and lost with
        the primary. What is left running ends by `statement_timeout`.
        """
        if timeout is not None:
            self.terminate()
            return
        try:
            await super().close(timeout=_CLOSE_TIMEOUT)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self.terminate()


async def connect(
    addresses: Addresses,
    *,
    schema: str,
    application_name: str,
    pooler: Pooler = "none",
    command_timeout: float | None = COMMAND_TIMEOUT,
) -> Connection:
    """Opens a connection whose search path is `schema`.

    `command_timeout` is the limit of a statement in seconds, None for no limit. Raises DatabaseUnavailable when there
    is no connection within 5 s (and 3 s for each further address) or no server takes writes, asyncpg's errors when the
    server refuses.
    """
    settings = {"application_name": application_name, "timezone": SESSION_SETTINGS["timezone"]}
    if pooler == "none":
        settings |= SESSION_SETTINGS | {"search_path": schema}
        if command_timeout is not None:
            settings["statement_timeout"] = f"{command_timeout * _SERVER_FIRST * 1000:.0f}ms"
    try:
        connection: Connection = await connect_to_any(
            addresses,
            timeout=CONNECT_TIMEOUT,
            connection_class=Connection,
            command_timeout=command_timeout,
            server_settings=settings,
            # A pooler gives every transaction another session: what was prepared in one is not in the next.
            statement_cache_size=0 if pooler == "transaction" else 100,
        )
    except TimeoutError as error:
        raise DatabaseUnavailable(f"no connection within {CONNECT_TIMEOUT:g} s") from error
    except OSError as error:
        raise DatabaseUnavailable(f"no connection ({type(error).__name__})") from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise DatabaseUnavailable("read-only (25006)") from error
    _keep_alive(connection)
    return connection


async def connect_to_any(addresses: Addresses, *, timeout: float, **options: Any) -> asyncpg.Connection:  # noqa: ASYNC109
    """Opens asyncpg's connection, with its `options`, to the first server that is what the URL asks for.

    The last server that is left has `timeout` seconds, one before it 3 s at most: asyncpg alone gives all its time to
    the first, which may be silent. Raises what went wrong at a server rather than TargetServerAttributeNotMatched,
    which a standby leads to: one of asyncpg's errors, OSError or TimeoutError.
    """
    order = addresses.in_order()
    failure: Exception = asyncpg.TargetServerAttributeNotMatched("no server is what the URL asks for")
    for address in order:
        seconds = timeout if address == order[-1] else min(timeout, ADDRESS_TIMEOUT)
        try:
            connection = await asyncpg.connect(address, timeout=seconds, **options)
        except asyncpg.TargetServerAttributeNotMatched:
            continue
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            addresses.failed(address)
            failure = error
        else:
            addresses.worked(address)
            return connection
    raise failure


async def ping(connection: asyncpg.Connection) -> None:
    """Raises DatabaseUnavailable, and drops the connection, when it does not answer within 2.5 s."""
    # A time-out of the driver's own would first try to cancel the statement, over another connection.
    watchdog = asyncio.get_running_loop().call_later(PING_TIMEOUT, connection.terminate)
    try:
        await connection.execute("select 1")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable("a connection does not answer") from error
    finally:
        watchdog.cancel()


def _keep_alive(connection: asyncpg.Connection) -> None:
    """Lets the kernel end the connection when the other side is gone."""
    own = connection._transport.get_extra_info("socket")
    if own is None or own.family not in (socket.AF_INET, socket.AF_INET6):
        return
    # A loop may show its socket without the means to set anything; options belong to what both descriptors share.
    with socket.socket(fileno=os.dup(own.fileno())) as shared:
        for level, name, value in _SOCKET_OPTIONS:
            if option := getattr(socket, name, None):
                shared.setsockopt(level, option, value)
