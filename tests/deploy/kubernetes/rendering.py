"""Renders an overlay as kustomize does, for the part of kustomize that deploy/kubernetes uses.

A field that is not known here is refused, so a manifest cannot use what this leaves out. The result is compared with
that of the real program in `tests/containers/test_kustomize.py`.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

import copy
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.files import ROOT

FOLDER: Final = ROOT / "deploy" / "kubernetes"
OVERLAYS: Final = ("small", "large")

Manifest = dict[str, Any]

_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "resources", "components", "namespace", "nameSuffix", "labels", "images", "patches"}
)
_CLUSTER_WIDE: Final = frozenset({"Namespace"})


class RenderingError(ValueError):
    """A kustomization asks for something that does not exist, or that is not known here."""


def render(folder: Path) -> list[Manifest]:
    """Returns the manifests of the kustomization in a folder. Raises RenderingError."""
    return _rendered(folder, [])


def overlay(name: str) -> list[Manifest]:
    """Returns the manifests of one of OVERLAYS; they may be changed."""
    return copy.deepcopy(_overlay(name))


@cache
def _overlay(name: str) -> list[Manifest]:
    return render(FOLDER / "overlays" / name)


def _rendered(folder: Path, found: list[Manifest]) -> list[Manifest]:
    """Adds the resources of a kustomization to those found so far, and applies its changes to all of them."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    if unknown := kustomization.keys() - _FIELDS:
        raise RenderingError(f"{folder.name}: {', '.join(sorted(unknown))} is not known")
    for entry in kustomization.get("resources", ()):
        path = folder / entry
        found = [*found, *(render(path) if path.is_dir() else _read(path))]
    for entry in kustomization.get("components", ()):
        found = _rendered(folder / entry, found)
    for patch in kustomization.get("patches", ()):
        _apply(folder, patch, found)
    _change(kustomization, found)
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RenderingError(f"{folder.name}: there are two of {sorted(twice)}")
    return found


def _read(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def _change(kustomization: Mapping[str, Any], found: list[Manifest]) -> None:
    for manifest in found:
        metadata = manifest["metadata"]
        metadata["name"] += kustomization.get("nameSuffix", "")
        if "namespace" in kustomization and manifest["kind"] not in _CLUSTER_WIDE:
            metadata["namespace"] = kustomization["namespace"]
        for label in kustomization.get("labels", ()):
            if label.keys() != {"pairs"}:
                raise RenderingError("labels: only pairs are known")
            metadata["labels"] = {**metadata.get("labels", {}), **label["pairs"]}
        for container in containers(manifest):
            for image in kustomization.get("images", ()):
                container["image"] = _renamed(container["image"], image)


def _renamed(image: str, change: Mapping[str, str]) -> str:
    if unknown := change.keys() - {"name", "newName", "newTag"}:
        raise RenderingError(f"images: {', '.join(sorted(unknown))} is not known")
    name, _, tag = image.partition(":")
    if name != change["name"]:
        return image
    tag = change.get("newTag", tag)
    return change.get("newName", name) + (f":{tag}" if tag else "")


def _apply(folder: Path, patch: Mapping[str, Any], found: list[Manifest]) -> None:
    """Applies a JSON patch (RFC 6902) to every manifest of its target."""
    target = patch["target"]
    if target.keys() != {"kind", "name"}:
        raise RenderingError("patches: a target has a kind and a name")
    text = patch["patch"] if "patch" in patch else (folder / patch["path"]).read_text(encoding="utf-8")
    chosen = [
        manifest
        for manifest in found
        if manifest["kind"] == target["kind"] and re.fullmatch(target["name"], manifest["metadata"]["name"])
    ]
    if not chosen:
        raise RenderingError(f"patches: there is no {target['kind']} {target['name']}")
    for manifest in chosen:
        for operation in yaml.safe_load(text):
            _operate(manifest, operation)


def _operate(manifest: Manifest, operation: Mapping[str, Any]) -> None:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    place: Any = manifest
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    key: Any = int(last) if isinstance(place, list) and last != "-" else last
    value = copy.deepcopy(operation.get("value"))
    match operation["op"]:
        case "add" if isinstance(place, list):
            place.insert(len(place) if key == "-" else key, value)
        case "add":
            place[key] = value
        case "replace" if key in place if isinstance(place, dict) else key < len(place):
            place[key] = value
        case "remove":
            del place[key]
        case other:
            raise RenderingError(f"patches: {other} at {operation['path']} is not possible")


def pod_template(manifest: Manifest) -> Manifest | None:
    """Returns the template of the pods that a manifest of ours makes, None when it makes none."""
    if manifest["kind"] in ("Deployment", "Job"):
        template: Manifest = manifest["spec"]["template"]
        return template
    return None


def containers(manifest: Manifest) -> list[Manifest]:
    """Returns the containers of those pods, the ones that come first included."""
    template = pod_template(manifest)
    if template is None:
        return []
    return [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Returns the manifests of one kind by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


def select(labels: Mapping[str, str]) -> Callable[[Mapping[str, Any]], bool]:
    """Returns what tells whether a label selector takes something with these labels."""

    def takes(selector: Mapping[str, Any]) -> bool:
        wanted = selector.get("matchLabels", {})
        return all(labels.get(key) == value for key, value in wanted.items()) and all(
            _matches(labels.get(row["key"]), row) for row in selector.get("matchExpressions", ())
        )

    return takes


def _matches(value: str | None, row: Mapping[str, Any]) -> bool:
    match row["operator"]:
        case "In":
            return value in row["values"]
        case "NotIn":
            return value not in row["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case other:
            raise RenderingError(f"{other} is no operator of a selector")
