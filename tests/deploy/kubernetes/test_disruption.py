"""A machine can be drained, and a release rolled out, while the system goes on."""

import pytest

from tests.deploy.files import SERVICES
from tests.deploy.kubernetes.rendering import OVERLAYS, Manifest, of_kind, overlay, select

OF_BROKER = {"app.kubernetes.io/name": "broker", "app.kubernetes.io/component": "rabbitmq"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_drain_takes_one_pod_of_each_kind_and_leaves_another(name: str) -> None:
    manifests = overlay(name)
    budgets = of_kind(manifests, "PodDisruptionBudget")
    assert set(budgets) == {*SERVICES, "broker"}
    for service in SERVICES:
        spec = budgets[service]["spec"]
        assert select(_labels(manifests, service))(spec["selector"])
        # A budget that allows nothing would hold up every drain.
        assert 1 <= spec["maxUnavailable"] < _replicas(manifests, service)


@pytest.mark.parametrize("name", OVERLAYS)
def test_queues_keep_their_quorum_while_a_node_is_away(name: str) -> None:
    manifests = overlay(name)
    spec = of_kind(manifests, "PodDisruptionBudget")["broker"]["spec"]
    assert select(OF_BROKER)(spec["selector"])
    nodes = of_kind(manifests, "RabbitmqCluster")["broker"]["spec"]["replicas"]
    assert nodes - spec["maxUnavailable"] > nodes // 2


@pytest.mark.parametrize("name", OVERLAYS)
def test_commits_go_on_while_one_instance_of_the_database_is_away(name: str) -> None:
    spec = of_kind(overlay(name), "Cluster")["database"]["spec"]
    standbys = spec["instances"] - 1
    assert standbys - 1 >= spec["postgresql"]["synchronous"]["number"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_update_takes_no_replica_away_before_another_is_ready(name: str) -> None:
    for manifest in of_kind(overlay(name), "Deployment").values():
        if manifest["metadata"]["name"] in SERVICES:
            assert manifest["spec"]["strategy"] == {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            }


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_replica_has_time_to_stop(name: str) -> None:
    for service in SERVICES:
        pod = of_kind(overlay(name), "Deployment")[service]["spec"]["template"]["spec"]
        wait = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        # docker-compose.yml gives it thirty seconds from the signal on.
        assert pod["terminationGracePeriodSeconds"] >= wait + 30


@pytest.mark.parametrize("name", OVERLAYS)
def test_replicas_are_spread_over_machines(name: str) -> None:
    manifests = overlay(name)
    required = "DoNotSchedule" if name == "large" else "ScheduleAnyway"
    for service in SERVICES:
        spec = of_kind(manifests, "Deployment")[service]["spec"]["template"]["spec"]
        first = spec["topologySpreadConstraints"][0]
        assert (first["topologyKey"], first["whenUnsatisfiable"]) == ("kubernetes.io/hostname", required)
        assert select(_labels(manifests, service))(first["labelSelector"])
    broker = of_kind(manifests, "RabbitmqCluster")["broker"]["spec"]["override"]["statefulSet"]["spec"]["template"]
    for constraint in broker["spec"]["topologySpreadConstraints"]:
        assert select(OF_BROKER)(constraint["labelSelector"])
        assert constraint["whenUnsatisfiable"] == required


def test_connections_of_all_replicas_fit_into_the_database() -> None:
    most_of_a_replica = 25
    for name in OVERLAYS:
        manifests = overlay(name)
        replicas = sum(_most_replicas(manifests, service) + 1 for service in SERVICES)
        allowed = int(of_kind(manifests, "Cluster")["database"]["spec"]["postgresql"]["parameters"]["max_connections"])
        assert replicas * most_of_a_replica <= allowed


def test_the_autoscaler_and_the_manifest_do_not_both_set_replicas() -> None:
    manifests = overlay("large")
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(manifests, "HorizontalPodAutoscaler").values()}
    assert scaled == {"notifications"}
    for service in SERVICES:
        assert ("replicas" in of_kind(manifests, "Deployment")[service]["spec"]) == (service not in scaled)


def _labels(manifests: list[Manifest], service: str) -> dict[str, str]:
    labels: dict[str, str] = of_kind(manifests, "Deployment")[service]["spec"]["template"]["metadata"]["labels"]
    return labels


def _scaler(manifests: list[Manifest], service: str) -> dict[str, int]:
    spec: dict[str, int] = of_kind(manifests, "HorizontalPodAutoscaler").get(service, {}).get("spec", {})
    return spec


def _replicas(manifests: list[Manifest], service: str) -> int:
    """The least that it has."""
    fixed: int = of_kind(manifests, "Deployment")[service]["spec"].get("replicas", 0)
    return fixed or _scaler(manifests, service)["minReplicas"]


def _most_replicas(manifests: list[Manifest], service: str) -> int:
    return _scaler(manifests, service).get("maxReplicas") or _replicas(manifests, service)
