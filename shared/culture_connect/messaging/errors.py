"""The errors of the kit, and their classification.

`PermanentFailure` goes to the dead letters at once, `TransientFailure` is tried again, then dead-lettered. Everything
else a handler raises is taken for transient: a bug that is fixed while the message waits costs nothing. A fault of the
database is no message's: consumption waits until it is over.
"""

from collections.abc import Sequence

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from culture_connect.contracts import RefusalError

# SQLSTATE codes and classes (PostgreSQL, appendix A) that say nothing about the message; a code goes before its class.
_DATABASE_FAULTS = {
    "08": "connection lost",
    "25006": "read-only",
    "25P03": "transaction idle for too long",
    "25P04": "transaction took too long",
    "28": "the role may not log in",
    "28P01": "wrong password",
    "3D000": "no such database",
    # The schema is not the one that this version of the service was written for.
    "3F000": "no such schema",
    "42501": "privilege missing",
    "42703": "column missing",
    "42P01": "table missing",
    "53": "out of resources",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "53400": "a configured limit is reached",
    "57": "interrupted by an operator",
    # By `statement_timeout` or an operator: what waits for a lock that somebody holds is not at fault either.
    "57014": "statement cancelled",
    "57P01": "shutting down",
    "57P02": "crashed",
    "57P03": "starting up",
    "57P04": "database dropped",
    "57P05": "session idle for too long",
    "58": "system error",
    "F0": "configuration error",
    "XX": "internal error",
}
_COLLISION_CODES = frozenset({"40001", "40P01", "55P03"})


class MessagingError(Exception):
    """Base of the errors of the bus kit."""


class PermanentFailure(MessagingError):
    """This message can never be handled; `reason` is a short stable code, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedMessage(PermanentFailure):
    """This message cannot be read, and only its sender can correct it; `problems` say why, without its data."""

    def __init__(self, problems: Sequence[RefusalError]) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


class TransientFailure(MessagingError):
    """This message could not be handled now; `reason` is a short stable code, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DatabaseUnavailable(MessagingError):
    """The database cannot be reached, does not answer, or cannot write; `reason` is for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokerNotTrusted(MessagingError):
    """There is a broker, but no protected line to it; `reason` says why, for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_of(error: BaseException) -> str:
    """A short code for a header or a log line: never the text of a foreign exception, which may quote data."""
    if isinstance(error, PermanentFailure | TransientFailure | DatabaseUnavailable | BrokerNotTrusted):
        return error.reason
    return type(error).__name__


def is_database_fault(error: BaseException) -> bool:
    """True when the database, or the way to it, is to blame, and no message.

    An OSError or TimeoutError is none: a handler may raise it for reasons of its own. Those of a connection arrive as
    `DatabaseUnavailable`, see `postgres`.
    """
    return _fault(error) is not None


def reason_of_database_fault(error: BaseException) -> str:
    """Returns the fault of the database in a few words for an operator, such as "read-only (25006)"; never data.

    For an error that is no fault of the database it is the name of its class.
    """
    return _fault(error) or type(error).__name__


def transactions_collided(error: BaseException) -> bool:
    """True when another transaction was in the way and the same work may succeed at once."""
    return isinstance(error, DBAPIError) and _sqlstate(error) in _COLLISION_CODES


def lock_was_held(error: BaseException) -> bool:
    """True when a row was not free within the time that the transaction would wait for it."""
    return isinstance(error, DBAPIError) and _sqlstate(error) == "55P03"


def _fault(error: BaseException) -> str | None:
    if isinstance(error, DatabaseUnavailable):
        return error.reason
    if isinstance(error, PoolTimeout):
        return "all connections are in use"
    driver_error = getattr(error.orig, "driver_exception", None) if isinstance(error, DBAPIError) else error
    if isinstance(driver_error, asyncpg.PostgresError) and (code := _sqlstate(error)):
        found = next((code[:length] for length in (5, 2) if code[:length] in _DATABASE_FAULTS), None)
        if found:
            return f"{_DATABASE_FAULTS[found]} ({code})"
    # The driver calls a value that does not fit its column a DataError, and that an InterfaceError.
    elif isinstance(driver_error, asyncpg.InterfaceError | asyncpg.InternalClientError) and not isinstance(
        driver_error, ValueError
    ):
        return "connection unusable"
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return "connection lost"
    return None


def _sqlstate(error: BaseException) -> str:
    source = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(source, "sqlstate", None) or "")
