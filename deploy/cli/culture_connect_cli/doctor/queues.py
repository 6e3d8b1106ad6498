"""What the management API tells of the queues. Its counts are up to five seconds old."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import CannotLook

Row = Mapping[str, Any]


async def queues(management: Management, *vhosts: str) -> list[Row]:
    """The queues of these virtual hosts. Raises CannotLook, and BrokerError as `Management` does."""
    rows: list[Row] = []
    for vhost in vhosts:
        answer = await get(management, "queues", vhost)
        if not isinstance(answer, list):
            raise CannotLook(f"what answers at {management.url} is no broker")
        rows += answer
    return rows


async def get(management: Management, *path: str) -> Any:
    """The decoded answer. Raises CannotLook, and BrokerError as `Management` does."""
    try:
        return await management.get(*path)
    except ValueError:
        raise CannotLook(f"what answers at {management.url} is no broker") from None


def messages(row: Row) -> int:
    """How many it holds; a queue that was made just now is not counted yet."""
    return int(row.get("messages", 0))


def named(row: Row) -> str:
    """The queue, as people are told of it."""
    return f"queue {row['name']} in {row['vhost']}"


def counted(count: int, what: str) -> str:
    """So many of these, in the singular or the plural."""
    return f"{count} {what}{'' if count == 1 else 's'}"
