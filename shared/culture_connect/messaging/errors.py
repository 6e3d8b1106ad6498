"""What can go wrong with a message, and what is done about it.

`PermanentFailure` goes to the dead letters at once, `TransientFailure` is tried again in place, then over the
delay queues, then dead-lettered. Everything else a handler raises is taken for transient: a bug that is mended
while the message waits costs nothing. A database that is away is nobody's failure: consumption waits for it.
"""

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes and codes of PostgreSQL, appendix A.
_AWAY_CLASSES = ("08",)
_AWAY_CODES = frozenset({"57P01", "57P02", "57P03", "53300"})
_COLLISION_CODES = frozenset({"40001", "40P01", "55P03"})


class MessagingError(Exception):
    """Base of the errors of the bus kit."""


class PermanentFailure(MessagingError):
    """This message can never be handled; `reason` is a short stable code, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientFailure(MessagingError):
    """This message could not be handled now; `reason` is a short stable code, without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_of(error: BaseException) -> str:
    """A short code for a header or a log line: never the text of a foreign exception, which may quote data."""
    if isinstance(error, PermanentFailure | TransientFailure):
        return error.reason
    return type(error).__name__


def is_database_fault(error: BaseException) -> bool:
    """True when the database could not be reached or went away in the middle."""
    if isinstance(error, InterfaceError | PoolTimeout):
        return True
    if isinstance(error, DBAPIError):
        code = _sqlstate(error)
        return error.connection_invalidated or code.startswith(_AWAY_CLASSES) or code in _AWAY_CODES
    return isinstance(error, ConnectionError | TimeoutError | OSError)


def transactions_collided(error: BaseException) -> bool:
    """True when another transaction was in the way and the same work may succeed at once."""
    return isinstance(error, DBAPIError) and _sqlstate(error) in _COLLISION_CODES


def lock_was_held(error: BaseException) -> bool:
    """True when a row was not free within the time that the transaction would wait for it."""
    return isinstance(error, DBAPIError) and _sqlstate(error) == "55P03"


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def reason_of_database_fault(error: BaseException) -> str:
    return reason_of(error)
