"""Every manifest is of its kind; a field that is misspelt, missing or of another type is refused."""

import copy
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from tests.deploy.kubernetes.rendering import OVERLAYS, Manifest, overlay
from tests.deploy.kubernetes.validation import OPERATORS, VERSIONS, validate

LARGE = overlay("large")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_every_manifest_is_of_its_kind(name: str, version: str) -> None:
    for manifest in overlay(name):
        validate(manifest, version)


def test_every_kind_of_an_operator_is_used() -> None:
    assert OPERATORS.keys() <= {(manifest["apiVersion"], manifest["kind"]) for manifest in LARGE}


@pytest.mark.parametrize(
    ("kind", "way", "value"),
    [
        ("Deployment", "spec.replica", 2),
        ("Deployment", "spec.replicas", "two"),
        ("Deployment", "spec.template.spec.containers.0.readinessProb", {}),
        ("Job", "spec.ttlSecondAfterFinished", 1),
        ("NetworkPolicy", "spec.ingres", []),
        ("Ingress", "spec.rules.0.http.paths.0.pathtype", "Exact"),
        ("PodDisruptionBudget", "spec.minAvailable.pods", 1),
        ("HorizontalPodAutoscaler", "spec.maxReplicas", "4"),
        ("RabbitmqCluster", "spec.replica", 3),
        ("RabbitmqCluster", "spec.replicas", 2),
        ("RabbitmqCluster", "spec.tls.secret", "broker-tls"),
        ("RabbitmqCluster", "spec.rabbitmq.additionalConfig", "x" * 2001),
        ("RabbitmqCluster", "spec.override.statefulSet.spec.template.spec.volumes.0.secrets", {}),
        ("RabbitmqCluster", "spec.resources.limit", {}),
        ("Cluster", "spec.instances", "3"),
        ("Cluster", "spec.postgresql.synchronous.method", "ANY"),
        ("Cluster", "spec.postgresql.parameters.max_connections", 300),
        ("Cluster", "spec.bootstrap.initdb.localeProvider", "icu"),
        ("Cluster", "spec.superuserSecret", "database-superuser"),
        ("PodMonitor", "spec.podMetricsEndpoints.0.ports", "metrics"),
    ],
)
def test_a_misspelt_field_or_a_wrong_value_is_refused(kind: str, way: str, value: object) -> None:
    manifest = copy.deepcopy(_first(kind))
    *path, last = way.split(".")
    place: Any = manifest
    for part in path:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        validate(manifest, VERSIONS[0])


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("Deployment", "spec.selector"),
        ("Deployment", "spec.template.spec.containers.0.name"),
        ("Ingress", "spec.rules.0.http.paths.0.pathType"),
        ("HorizontalPodAutoscaler", "spec.scaleTargetRef.name"),
        ("Cluster", "spec.instances"),
        ("Cluster", "spec.postgresql.synchronous.number"),
        ("Cluster", "spec.bootstrap.initdb.owner"),
        ("RabbitmqCluster", "metadata"),
        ("PodMonitor", "spec.selector"),
    ],
)
def test_a_field_that_has_to_be_there_is_missed(kind: str, way: str) -> None:
    manifest = copy.deepcopy(_first(kind))
    *path, last = way.split(".")
    place: Any = manifest
    for part in path:
        place = place[int(part)] if part.isdigit() else place[part]
    del place[last]
    with pytest.raises(jsonschema.ValidationError):
        validate(manifest, VERSIONS[0])


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        validate({"apiVersion": "apps/v1", "kind": "Deploymnet", "metadata": {"name": "x"}}, VERSIONS[0])


def _first(kind: str) -> Manifest:
    return next(manifest for manifest in LARGE if manifest["kind"] == kind)
