"""Has something happen between the first and the second statement of whatever reads next."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import CursorResult, Executable

from culture_connect.messaging import UnitOfWork


class Interruption:
    """Runs `event` once, after the first statement of the next transaction; `happened` tells whether it has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, event: Callable[[], Awaitable[object]]) -> None:
        self.happened = False
        started = False
        execute = UnitOfWork.execute

        async def interrupted(
            work: UnitOfWork, statement: Executable, parameters: Mapping[str, object] | None = None
        ) -> CursorResult[Any]:
            nonlocal started
            result = await execute(work, statement, parameters)
            if not started:
                started = True
                await event()
                self.happened = True
            return result

        monkeypatch.setattr(UnitOfWork, "execute", interrupted)
