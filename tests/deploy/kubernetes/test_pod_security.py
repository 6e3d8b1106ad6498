"""Every pod keeps to the standard `restricted`, which the namespace enforces, and to limits of ours.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import OVERLAYS, Manifest, containers, of_kind, overlay, pod_template

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_is_restricted(name: str) -> None:
    manifests = overlay(name)
    pods = {each["metadata"]["name"]: template["spec"] for each in manifests if (template := pod_template(each))}
    broker = of_kind(manifests, "RabbitmqCluster")["broker"]["spec"]["override"]
    pods["broker"] = broker["statefulSet"]["spec"]["template"]["spec"]
    assert {pod: found for pod, spec in pods.items() if (found := _violations(spec))} == {}


def test_the_namespace_refuses_pods_that_are_not() -> None:
    labels = of_kind(overlay("small"), "Namespace")["culture-connect"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    "loosen",
    [
        lambda spec: spec["securityContext"].pop("seccompProfile"),
        lambda spec: spec["securityContext"].pop("runAsNonRoot"),
        lambda spec: spec["securityContext"].update(runAsUser=0),
        lambda spec: spec["containers"][0]["securityContext"].update(allowPrivilegeEscalation=True),
        lambda spec: spec["containers"][0]["securityContext"].update(privileged=True),
        lambda spec: spec["containers"][0]["securityContext"]["capabilities"].update(drop=[]),
        lambda spec: spec["containers"][0]["securityContext"]["capabilities"].update(add=["CHOWN"]),
        lambda spec: spec["initContainers"][0].pop("securityContext"),
        lambda spec: spec["containers"][0]["ports"][0].update(hostPort=80),
        lambda spec: spec["volumes"].append({"name": "machine", "hostPath": {"path": "/"}}),
        lambda spec: spec.update(hostNetwork=True),
    ],
)
def test_each_right_that_is_taken_is_found(loosen: Callable[[dict[str, Any]], object]) -> None:
    spec = copy.deepcopy(of_kind(overlay("small"), "Deployment")["ticketing"]["spec"]["template"]["spec"])
    assert _violations(spec) == []
    loosen(spec)
    assert len(_violations(spec)) == 1


@pytest.mark.parametrize("name", OVERLAYS)
def test_containers_of_ours_write_nowhere_and_have_limits(name: str) -> None:
    for manifest in overlay(name):
        for container in containers(manifest):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            resources = container["resources"]
            assert {"cpu", "memory"} <= resources["requests"].keys()
            # A limit of CPU would slow a replica down while the machine has time to spare.
            assert resources["limits"].keys() == {"memory"}
        if template := pod_template(manifest):
            assert template["spec"]["securityContext"]["runAsUser"] == 10001
            for volume in template["spec"]["volumes"]:
                assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""})


@pytest.mark.parametrize("name", OVERLAYS)
def test_secrets_are_copied_into_memory_and_readable_by_one_group(name: str) -> None:
    for manifest in overlay(name):
        if template := pod_template(manifest):
            for volume in template["spec"]["volumes"]:
                if volume["name"] == "secrets":
                    assert volume["emptyDir"]["medium"] == "Memory"
                assert volume.get("secret", {}).get("defaultMode", 0o440) == 0o440


def _violations(spec: Manifest) -> list[str]:
    """Names what the standard does not let a pod have."""
    pod = spec.get("securityContext", {})
    found = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [f"volume {each['name']}" for each in spec.get("volumes", ()) if not each.keys() - {"name"} <= VOLUMES]
    if not pod.get("runAsNonRoot"):
        found.append("runAsNonRoot")
    if pod.get("runAsUser") == 0:
        found.append("runAsUser")
    if pod.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        found.append("seccompProfile")
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        context = container.get("securityContext", {})
        capabilities = context.get("capabilities", {})
        if (
            context.get("allowPrivilegeEscalation") is not False
            or context.get("privileged")
            or context.get("runAsUser") == 0
            or "ALL" not in capabilities.get("drop", ())
            or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}
            or any("hostPort" in port for port in container.get("ports", ()))
        ):
            found.append(f"container {container['name']}")
    return found
