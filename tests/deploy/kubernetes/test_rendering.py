"""Overlays are rendered here as kustomize renders them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.deploy.kubernetes.rendering import FOLDER, OVERLAYS, RenderingError, of_kind, overlay, render


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_file_is_part_of_a_rendering(name: str) -> None:
    listed = {path for folder in FOLDER.rglob("kustomization.yaml") for path in _listed(folder)}
    assert {path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"} == listed
    assert overlay(name)


def test_changes_are_applied_to_what_they_name(installation: Callable[..., Path]) -> None:
    folder = installation(
        "nameSuffix: '-1'\n"
        "namespace: there\n"
        "labels: [{pairs: {a: b}}]\n"
        "images: [{name: x/y, newName: z/y, newTag: '2'}]\n"
        "patches:\n"
        "  - target: {kind: Deployment, name: o.e}\n"
        "    patch: '[{op: replace, path: /spec/replicas, value: 3}]'\n"
    )
    (manifest,) = render(folder)
    assert manifest["metadata"] == {"name": "one-1", "namespace": "there", "labels": {"a": "b"}}
    assert manifest["spec"]["replicas"] == 3
    assert manifest["spec"]["template"]["spec"]["containers"][0]["image"] == "z/y:2"


@pytest.mark.parametrize(
    "text",
    [
        "helmCharts: []\n",
        "labels: [{pairs: {a: b}, includeSelectors: true}]\n",
        "images: [{name: x/y, digest: 'sha256:0'}]\n",
        "patches: [{target: {kind: Deployment, name: two}, patch: '[]'}]\n",
        "patches: [{target: {kind: Deployment, name: one}, patch: '[{op: replace, path: /spec/replica, value: 3}]'}]\n",
        "patches: [{target: {kind: Deployment, name: one}, patch: '[{op: move, path: /spec, from: /a}]'}]\n",
    ],
)
def test_what_is_not_known_or_not_there_is_refused(text: str, installation: Callable[..., Path]) -> None:
    with pytest.raises(RenderingError):
        render(installation(text))


def test_the_jobs_are_named_after_the_release_whose_images_they_run() -> None:
    for name, job in of_kind(overlay("small"), "Job").items():
        for container in job["spec"]["template"]["spec"]["containers"]:
            assert name.endswith("-" + container["image"].partition(":")[2].replace(".", "-"))


@pytest.fixture
def installation(tmp_path: Path) -> Callable[..., Path]:
    """Makes a kustomization of one Deployment and the lines given."""

    def make(text: str) -> Path:
        deployment = {
            "kind": "Deployment",
            "metadata": {"name": "one"},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "c", "image": "x/y:1"}]}}},
        }
        (tmp_path / "one.yaml").write_text(json.dumps(deployment), encoding="utf-8")
        (tmp_path / "kustomization.yaml").write_text(f"resources: [one.yaml]\n{text}", encoding="utf-8")
        return tmp_path

    return make


def _listed(kustomization: Path) -> set[Path]:
    """The files that a kustomization names."""
    content = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
    entries = [
        *content.get("resources", ()),
        *(patch["path"] for patch in content.get("patches", ()) if "path" in patch),
    ]
    return {kustomization.parent / entry for entry in entries if entry.endswith(".yaml")}
