"""`docker compose up` of the cluster, and what docs/cluster.md says of it."""

import secrets
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from tests.containers.cluster.compose import BROKERS, DATABASES, Cluster, ClusterError, running_cluster
from tests.support.probes import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

REPLICAS = [f"{service}{number}" for service in ("registration", "ticketing", "notifications") for number in ("", "-2")]
QUEUES = "rabbitmqctl -q list_queues --no-table-headers -p {vhost} name members online"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with running_cluster([]) as cluster:
        yield cluster


async def answer(cluster: Cluster, name: str, statement: str) -> str:
    """As `query`; the error of a server that takes no connections yet."""
    try:
        return await cluster.query(name, statement)
    except ClusterError as error:
        return str(error)


async def test_every_queue_has_a_member_on_each_node(cluster: Cluster) -> None:
    async def incomplete() -> list[str]:
        rows = []
        for vhost in ("core", "edge"):
            rows += (await cluster.inside("rabbitmq-2", *QUEUES.format(vhost=vhost).split())).splitlines()
        assert rows
        return [row for row in rows if row.count("rabbit@rabbitmq") != 2 * len(BROKERS)]

    await until(incomplete, lambda rows: not rows, "queues with a member on each node", timeout=60)


async def test_both_replicas_of_each_service_are_healthy_and_the_doctor_finds_nothing(cluster: Cluster) -> None:
    for name in REPLICAS:
        assert (await cluster.docker("inspect", name, "--format", "{{.State.Health.Status}}")).strip() == "healthy"
    assert "as the code says" in await cluster.tools("topology", "verify")
    await cluster.tools("doctor")


async def test_no_container_shows_a_secret_of_the_cluster(cluster: Cluster) -> None:
    hidden = [await cluster.secret(path) for path in ("broker/.erlang.cookie", "database/replication_password")]
    assert all(len(secret) >= 32 for secret in hidden)
    for name in (*BROKERS, *DATABASES):
        shown = await cluster.docker("inspect", name)
        assert not [secret for secret in hidden if secret in shown]


async def test_a_node_with_another_cookie_is_kept_out(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match=r"(?i)unable to perform an operation|cookie|nodedown"):
        await cluster.inside("rabbitmq-3", "rabbitmqctl", "--erlang-cookie", secrets.token_hex(16), "-n",
                             "rabbit@rabbitmq", "status")  # fmt: skip


async def test_a_standby_is_promoted_and_the_old_primary_follows_it_with_everything_that_was_committed(
    cluster: Cluster,
) -> None:
    old = await cluster.primary()
    assert await cluster.followers(old) == {*DATABASES} - {old}
    await cluster.query(old, "create table kept as select 1 as number")

    new = await cluster.promote()

    assert await cluster.query(new, "select number from kept") == "1"
    state = await cluster.docker("inspect", old, "--format", "{{.State.Running}}")
    assert state.strip() == "false", "the old primary is fenced"
    await cluster.docker("start", old)
    await until(lambda: cluster.followers(new), lambda found: old in found, f"{old} to follow {new}", timeout=60)
    for name in REPLICAS:
        await until(partial(cluster.health, name), lambda told: told == "healthy", name, timeout=60)


async def test_a_primary_that_was_cut_off_answers_no_commit_and_comes_back_without_it(cluster: Cluster) -> None:
    old = await cluster.primary()
    await cluster.query(old, "create table answered as select 1 as number")
    await cluster.take_off_networks(old)
    with pytest.raises(ClusterError, match="no end within"):
        await cluster.query(old, "insert into answered values (2)", timeout=3)
    await cluster.query(old, "set synchronous_commit = local; insert into answered values (3)")
    await cluster.docker("kill", old)

    new = await cluster.promote()
    await cluster.put_on_networks(old)
    await cluster.docker("start", old)

    await until(lambda: cluster.followers(new), lambda found: old in found, f"{old} to follow {new}", timeout=60)
    for name in DATABASES:
        await until(
            partial(answer, cluster, name, "select array_agg(number) from answered"), "{1}".__eq__, name, timeout=60
        )


async def test_nothing_is_promoted_while_a_standby_that_may_have_more_does_not_answer(cluster: Cluster) -> None:
    primary = await cluster.primary()
    away = next(name for name in DATABASES if name != primary)
    await cluster.docker("stop", away)
    await cluster.docker("kill", primary)
    with pytest.raises(ClusterError, match="may have the last commits"):
        await cluster.promote()
    await cluster.docker("start", away)
    await until(partial(answer, cluster, away, "select pg_is_in_recovery()"), "t".__eq__, away, timeout=60)
    assert await cluster.promote() != primary
    await cluster.docker("start", primary)
