"""Rows as dataclasses: what statements return, and the columns that set-based statements are given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Executable

from culture_connect.messaging import UnitOfWork

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


async def fetch_all(
    work: UnitOfWork, row_type: type[T], statement: Executable, parameters: Mapping[str, object]
) -> list[T]:
    """Runs the statement and returns its rows; columns have the names of the type's fields."""
    return [row_type(**row) for row in (await work.execute(statement, parameters)).mappings()]


async def fetch_one(
    work: UnitOfWork, row_type: type[T], statement: Executable, parameters: Mapping[str, object]
) -> T | None:
    """Runs the statement and returns its only row, None when there is none."""
    row = (await work.execute(statement, parameters)).mappings().one_or_none()
    return row_type(**row) if row else None


def columns_of(rows: Sequence[object], names: Iterable[str]) -> dict[str, list[Any]]:
    """Returns the values of these attributes as arrays by name, for `unnest`."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def names_of(row_type: type["DataclassInstance"]) -> list[str]:
    """Returns the names of the fields of a row."""
    return [field.name for field in fields(row_type)]
