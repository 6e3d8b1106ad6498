"""Queues in the management API, whose counts are up to five seconds old."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import CheckError

Row = Mapping[str, Any]


async def list_queues(management: Management, *vhosts: str) -> list[Row]:
    """The queues of these virtual hosts. Raises CheckError, and BrokerError as `Management` does."""
    rows: list[Row] = []
    for vhost in vhosts:
        answer = await get(management, "queues", vhost)
        if not isinstance(answer, list):
            raise CheckError(f"what answers at {management.url} is no broker")
        rows += answer
    return rows


async def get(management: Management, *path: str) -> Any:
    """The decoded answer. Raises CheckError, and BrokerError as `Management` does."""
    try:
        return await management.get(*path)
    except ValueError:
        raise CheckError(f"what answers at {management.url} is no broker") from None


def message_count(row: Row) -> int:
    """The number of messages; 0 for a new queue that is not counted yet."""
    return int(row.get("messages", 0))


def queue_name(row: Row) -> str:
    """The queue's name for people."""
    return f"queue {row['name']} in {row['vhost']}"


def counted(count: int, what: str) -> str:
    """The count with the noun in the singular or the plural."""
    return f"{count} {what}{'' if count == 1 else 's'}"
