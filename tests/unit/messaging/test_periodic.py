"""Work that is done again and again, whatever becomes of it."""

import asyncio

from structlog.testing import capture_logs

from culture_connect.messaging.errors import DatabaseUnavailable
from culture_connect.messaging.periodic import periodic
from tests.support.probes import eventually


class Work:
    """Counts its runs, and ends each as it is told."""

    def __init__(self, *ends: float | Exception | None) -> None:
        self.runs = 0
        self._ends = list(ends)

    async def __call__(self) -> float | None:
        self.runs += 1
        end = self._ends.pop(0) if self._ends else None
        if isinstance(end, Exception):
            raise end
        return end


async def test_work_is_done_at_once_and_again_after_the_interval_until_the_block_ends() -> None:
    work = Work()
    async with periodic("work", work, interval=0.01):
        await eventually(lambda: work.runs >= 3, True, "three runs")
    assert "work" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_work_may_ask_for_an_earlier_run_but_not_for_a_later_one() -> None:
    hasty, late = Work(0.0, -1.0, 0.0), Work(3600.0)
    async with periodic("hasty", hasty, interval=3600), periodic("late", late, interval=0.01):
        await eventually(lambda: hasty.runs, 4, "runs of the hasty one")
        await eventually(lambda: late.runs >= 2, True, "a second run of the late one")


async def test_a_failure_is_logged_with_its_work_and_ends_nothing() -> None:
    work = Work(ZeroDivisionError("Canary van der Test"))
    with capture_logs() as logs:
        async with periodic("work", work, interval=0.01):
            await eventually(lambda: work.runs >= 2, True, "a second run")
    assert [(each["event"], each["work"], each["reason"]) for each in logs] == [
        ("periodic work failed", "work", "ZeroDivisionError")
    ]


async def test_a_database_that_is_away_is_reported_by_others() -> None:
    work = Work(DatabaseUnavailable("away"))
    with capture_logs() as logs:
        async with periodic("work", work, interval=0.01):
            await eventually(lambda: work.runs >= 2, True, "a second run")
    assert logs == []
