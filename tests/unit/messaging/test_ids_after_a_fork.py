import os
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging.routes import Route
from culture_connect.messaging.unit_of_work import UnitOfWork


def new_ids(count: int) -> list[UUID]:
    nothing = cast("Any", None)
    work = UnitOfWork(nothing, nothing, service="ticketing", now=datetime.now(UTC))
    message, route = ErasureCompleted(participant_id=uuid4()), Route("core", "events", "erasure.completed.ticketing")
    return [work.emit(message, route) for _ in range(count)]


def test_a_forked_process_gives_other_ids_than_its_parent() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, b"".join(each.bytes for each in new_ids(100)))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a file descriptor
        written = pipe.read()
    os.waitpid(child, 0)
    of_the_child = {written[at : at + 16] for at in range(0, len(written), 16)}
    assert len(of_the_child) == 100
    assert of_the_child.isdisjoint(each.bytes for each in new_ids(100))
