"""The embedded PostgreSQL: closed to others, and none the worse for a crash."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from culture_connect_cli.stack import Postgres
from culture_connect_cli.stack.processes import processes_in


@pytest.fixture
def server(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Postgres]:
    folder = scratch / f"postgres-{request.node.name}"
    with Postgres(folder, password="of the superuser", log=scratch / "own-postgres.log", durable=False) as server:
        yield server


async def ask(server: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        answer: object = await connection.fetchval(statement)
        return answer
    finally:
        await connection.close()


async def test_what_was_committed_survives_a_kill(server: Postgres) -> None:
    await ask(server, "create table kept as select 1 as number")
    port = server.port
    server.kill()
    assert not server.is_running
    server.start()
    assert server.port == port
    assert await ask(server, "select number from kept") == 1


async def test_a_server_that_a_killed_run_left_behind_is_ended_and_its_data_used(server: Postgres) -> None:
    await ask(server, "create table kept as select 1 as number")
    left_behind = server.process
    with Postgres(server.folder, password=server.password, log=server.folder / "second.log", durable=False) as second:
        assert left_behind.find() is None
        assert await ask(second, "select number from kept") == 1


async def test_nobody_gets_in_without_a_password(server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url(password="a guess"))
    assert await ask(server, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0


async def test_it_listens_on_loopback_only(server: Postgres) -> None:
    connections = psutil.Process(server.process.pid).net_connections("inet")
    assert {each.laddr[0] for each in connections if each.status == "LISTEN"} == {"127.0.0.1"}
    assert await ask(server, "show unix_socket_directories") == ""


async def test_a_stopped_server_leaves_no_process(server: Postgres) -> None:
    server.stop()
    assert processes_in(server.folder / "data", {"postgres"}) == []
