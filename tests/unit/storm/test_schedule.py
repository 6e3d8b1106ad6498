"""The plan of a storm."""

import pytest

from tests.storm.injection import targets
from tests.storm.kinds import CLUSTER_KINDS, KINDS
from tests.storm.schedule import LONG, Break, plan


def planned(seed: int, *, breaks: int = 300, alone: bool = True) -> list[Break]:
    return plan(seed, breaks=breaks, gap=3.0, longest=40.0, targets=targets(["acme", "haven"]), alone=alone)


def test_one_seed_is_one_storm() -> None:
    assert planned(7) == planned(7)
    assert planned(7) != planned(8)


@pytest.mark.parametrize("seed", range(20))
def test_there_are_as_many_breaks_as_were_asked_for_and_of_every_kind(seed: int) -> None:
    for alone in (False, True):
        found = planned(seed, alone=alone)
        assert len(found) == 300
        assert {each.kind for each in found} == KINDS.keys()


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_broken_twice_at_a_time(seed: int) -> None:
    free: dict[str, float] = {}
    for each in planned(seed):
        for what in KINDS[each.kind].touches(each.target):
            assert each.at >= free.get(what, 0.0)
            free[what] = each.at + each.seconds


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_that_has_to_be_named_comes_alone_for_long(seed: int) -> None:
    found = planned(seed)
    alone = [each for each in found if each.alone]
    assert {each.kind for each in alone} == {kind.name for kind in KINDS.values() if kind.named}
    for each in alone:
        assert each.seconds == LONG
        others = [other for other in found if other is not each]
        assert all(other.at > each.at + each.seconds or other.at + other.seconds < each.at for other in others)


@pytest.mark.parametrize("seed", range(20))
def test_a_storm_on_a_cluster_breaks_one_node_and_one_database_at_a_time(seed: int) -> None:
    found = plan(
        seed,
        breaks=50,
        gap=8.0,
        longest=15.0,
        targets=targets(["acme"], brokers=["one", "two", "three"], databases=["first", "second"]),
        alone=False,
        kinds=tuple(CLUSTER_KINDS.values()),
    )
    assert {each.kind for each in found} == CLUSTER_KINDS.keys()
    assert {each.target for each in found if each.kind == "stop-node"} <= {"one", "two", "three"}
    assert {each.target.partition("/")[2] for each in found if each.kind == "cut-database-wire"} <= {"first", "second"}
    free: dict[str, float] = {}
    for each in found:
        for what in CLUSTER_KINDS[each.kind].touches(each.target):
            assert each.at >= free.get(what, 0.0)
            free[what] = each.at + each.seconds


def test_a_small_storm_has_different_kinds() -> None:
    found = planned(1, breaks=8, alone=False)
    assert len({each.kind for each in found}) == 8
