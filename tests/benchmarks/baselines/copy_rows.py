"""The least that taking in a file of people costs: the standard library's CSV reader, and COPY in one transaction.

Nothing is checked but what the table's own keys check, nothing is compared, nobody is told.

Arguments: database URL, partner, number of people. Prints how many seconds it took from the bytes of the file to the
commit, then waits to be ended.
"""

import asyncio
import csv
import io
import sys
import time
from uuid import uuid4

import asyncpg
import uvloop

from tests.benchmarks import people

_TABLE = """
    drop table if exists copied;
    create table copied (
        participant_id uuid primary key, partner text not null, employee_ref text not null, given_name text not null,
        infix text not null, family_name text not null, email text not null, language text not null,
        unique (partner, employee_ref), unique (partner, email)
    )
"""
_COLUMNS = ("participant_id", "partner", "employee_ref", "given_name", "infix", "family_name", "email", "language")


async def measure(database_url: str, partner: str, count: int) -> float:
    """Seconds for so many people."""
    file = people.hr_file(partner, count)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_TABLE)
        started = time.perf_counter()
        rows = csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), delimiter=";")
        next(rows)
        records = ((uuid4(), partner, *cells) for cells in rows)
        await connection.copy_records_to_table("copied", records=records, columns=_COLUMNS)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def main() -> None:
    """Measures and tells."""
    database_url, partner, count = sys.argv[1:]
    seconds = await measure(database_url, partner, int(count))
    print(seconds, flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
