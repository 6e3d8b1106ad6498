"""One address for several servers, as a load balancer before them: each connection goes to the next that takes it."""

import asyncio
from collections.abc import Sequence

from culture_connect_cli.stack.ports import LOOPBACK
from tests.support.fault_proxy import FaultProxy


class Balancer(FaultProxy):
    """External clients, who know one address, connect to it."""

    def __init__(self, targets: Sequence[int]) -> None:
        super().__init__(targets[0])
        self._targets = targets
        self._turn = 0

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._turn += 1
        turn = self._turn % len(self._targets)
        *others, last = [*self._targets[turn:], *self._targets[:turn]]
        for port in others:
            try:
                return await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                continue
        return await asyncio.open_connection(LOOPBACK, last)
