"""A short storm over the cluster, with one fault of each kind that a cluster adds; `make storm` has long ones."""

from collections.abc import Callable

import pytest

from tests.storm.kinds import CLUSTER_KINDS, KINDS
from tests.storm.outcome import Options
from tests.storm.run import storm

SHORT = Options(
    seed=449,  # its faults hardly overlap, so what is measured belongs to one
    breaks=8,
    gap=14.0,
    longest=6.0,
    pace=0.4,
    people=20,
    quiet=120.0,
    alone=False,
    cluster=True,
    kinds=(*(name for name in CLUSTER_KINDS if name not in KINDS), "kill-replica"),
)


@pytest.mark.timeout(600)
async def test_every_promise_is_kept_while_nodes_and_primaries_come_and_go(
    record_property: Callable[[str, object], None],
) -> None:
    outcome = await storm(SHORT)
    for name, value in (outcome.counts | outcome.seconds).items():
        record_property(name, value)
    for each in outcome.interruptions:
        record_property(f"seconds without a receipt, {each.kind} of {each.target}", each.seconds)
    assert {each.planned.kind for each in outcome.breaks} == {*SHORT.kinds}
    assert outcome.findings.found == {}, f"python -m tests.storm --cluster --seed {SHORT.seed}"
