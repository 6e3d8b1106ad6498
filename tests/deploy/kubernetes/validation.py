"""Validates a manifest against the schema of its kind: Kubernetes' own, or ours of an operator's kind (`schemas`)."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import yaml
from referencing import Registry, Resource

from tests.deploy.kubernetes.rendering import Manifest

# The oldest that the manifests are for, and the newest that the validator knows.
VERSIONS: Final = ("1.31.0", "1.37.0")

OPERATORS: Final = {
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): "rabbitmq-cluster.yaml",
    ("postgresql.cnpg.io/v1", "Cluster"): "postgres-cluster.yaml",
    ("monitoring.coreos.com/v1", "PodMonitor"): "pod-monitor.yaml",
}


def validate(manifest: Manifest, version: str) -> None:
    """Raises jsonschema.ValidationError when the manifest is not of its kind in that version of Kubernetes.

    Unknown fields are refused. Raises kubernetes_validate.SchemaNotFoundError for a kind that nobody knows.
    """
    file = OPERATORS.get((manifest["apiVersion"], manifest["kind"]))
    if file is None:
        kubernetes_validate.validate(manifest, version, strict=True)
        return
    schema = yaml.safe_load((Path(__file__).parent / "schemas" / file).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema, registry=_definitions(version)).validate(manifest)


@cache
def _definitions(version: str) -> Registry[Any]:
    """Kubernetes' own definitions, to which schemas refer."""
    name = f"kubernetes-json-schema/v{version}-local-strict/_definitions.json"
    text = files("kubernetes_validate").joinpath(name).read_text(encoding="utf-8")
    return Resource.from_contents(json.loads(text)) @ Registry()
