"""Errors are faults of the database or of a message, by SQLSTATE."""

import socket

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from culture_connect.messaging.errors import (
    DatabaseUnavailable,
    TransientFailure,
    is_database_fault,
    reason_of_database_fault,
    transactions_collided,
)

FAULTS = {
    "08000": "connection lost",
    "08006": "connection lost",
    "08P01": "connection lost",
    "25006": "read-only",
    "25P03": "transaction idle for too long",
    "25P04": "transaction took too long",
    "28000": "the role may not log in",
    "28P01": "wrong password",
    "3D000": "no such database",
    "3F000": "no such schema",
    "42501": "privilege missing",
    "42703": "column missing",
    "42P01": "table missing",
    "53000": "out of resources",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "53400": "a configured limit is reached",
    "57000": "interrupted by an operator",
    "57014": "statement cancelled",
    "57P01": "shutting down",
    "57P02": "crashed",
    "57P03": "starting up",
    "57P04": "database dropped",
    "57P05": "session idle for too long",
    "58030": "system error",
    "58P01": "system error",
    "F0000": "configuration error",
    "XX000": "internal error",
    "XX001": "internal error",
    "XX002": "internal error",
}
COLLISIONS = ["40001", "40P01", "55P03"]
OF_THE_MESSAGE = ["21000", "22001", "22003", "22021", "22P02", "23502", "23503", "23505", "23514", "25P02", "42601"]
OF_THE_MESSAGE += ["44000", "42804", "P0001"]


def refused_by_server(code: str) -> DBAPIError:
    """As SQLAlchemy tells it."""
    driver_error = asyncpg.PostgresError.new({"C": code, "M": "something of ann@example.com"})
    return DBAPIError("select", None, adapted(driver_error))


def adapted(driver_error: Exception) -> Exception:
    error: Exception = AsyncAdapt_asyncpg_dbapi.Error(str(driver_error), driver_error)  # type: ignore[no-untyped-call] # SQLAlchemy's own
    return error


@pytest.mark.parametrize(("code", "reason"), FAULTS.items())
def test_what_ails_the_database_is_no_message_s_fault_and_is_named(code: str, reason: str) -> None:
    error = refused_by_server(code)
    assert is_database_fault(error)
    assert reason_of_database_fault(error) == f"{reason} ({code})"
    assert is_database_fault(asyncpg.PostgresError.new({"C": code, "M": ""}))  # of a connection without SQLAlchemy
    assert not transactions_collided(error)


@pytest.mark.parametrize("code", OF_THE_MESSAGE)
def test_what_is_wrong_with_the_data_is_the_message_s_fault(code: str) -> None:
    error = refused_by_server(code)
    assert not is_database_fault(error)
    assert "example.com" not in reason_of_database_fault(error)
    assert not transactions_collided(error)


@pytest.mark.parametrize("code", COLLISIONS)
def test_a_collision_is_neither(code: str) -> None:
    assert transactions_collided(refused_by_server(code))
    assert not is_database_fault(refused_by_server(code))


@pytest.mark.parametrize(
    "error",
    [
        DatabaseUnavailable("read-only (25006)"),
        PoolTimeout(),
        asyncpg.InterfaceError("connection is closed"),
        DBAPIError("select", None, adapted(asyncpg.InterfaceError("connection is closed"))),
        DBAPIError("select", None, adapted(asyncpg.InternalClientError("unexpected state"))),
        DBAPIError("select", None, Exception(), connection_invalidated=True),
    ],
)
def test_a_connection_that_cannot_be_had_or_used_is_the_database_s_fault(error: Exception) -> None:
    assert is_database_fault(error)
    assert reason_of_database_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory"),
        PermissionError(13, "Permission denied"),
        TimeoutError(),
        ConnectionRefusedError(111, "Connection refused"),
        socket.gaierror(-2, "Name or service not known"),
        TransientFailure("mail_server_busy"),
        DBAPIError("select", None, adapted(asyncpg.DataError("invalid input for query argument $1: 'Ann'"))),
    ],
)
def test_what_a_handler_itself_ran_into_is_not_blamed_on_the_database(error: Exception) -> None:
    assert not is_database_fault(error)
    assert "Ann" not in reason_of_database_fault(error)
