"""The threads in which files of HR are read, so that the largest one holds up nobody.

One for all files: several would compete with the event loop for Python's lock, and each would make it wait in turn.
Two more wait for the processes that read workbooks, so that there are never more of these.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_file_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs the work there, after what others brought before; returns or raises what it does."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), lambda: work(*args, **kwargs))


async def in_workbook_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for what waits for a process."""
    return await asyncio.get_running_loop().run_in_executor(_workbook_threads(), lambda: work(*args, **kwargs))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="hr-file")


@cache
def _workbook_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="workbook")
