"""Everything that a manifest refers to exists: Secrets and their keys, settings, Services, ports, accounts."""

from collections.abc import Iterator, Mapping

import pytest

from tests.deploy.kubernetes.rendering import (
    OVERLAYS,
    Manifest,
    containers,
    of_kind,
    overlay,
    pod_template,
    select,
)

Secrets = Mapping[str, Mapping[str, bytes]]

# Made in the cluster: by CloudNativePG, and by whoever issues the certificates of the Ingress (docs/kubernetes.md).
MADE_THERE = {
    "database-ca": {"ca.crt", "ca.key"},
    "pages-tls": {"tls.crt", "tls.key"},
    "interfaces-tls": {"tls.crt", "tls.key"},
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_everything_is_in_the_namespace_and_says_what_it_is_part_of(name: str) -> None:
    for manifest in overlay(name):
        metadata = manifest["metadata"]
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "culture-connect"
        assert (metadata["name"] if manifest["kind"] == "Namespace" else metadata["namespace"]) == "culture-connect"


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_secret_and_key_that_is_named_exists(name: str, cluster_secrets: Secrets) -> None:
    keys = {secret: set(files) for secret, files in cluster_secrets.items()} | MADE_THERE
    named = set(_secrets(overlay(name)))
    assert [row for row in named if row[1] - keys.get(row[0], set()) or row[0] not in keys] == []
    assert {secret for secret, _ in named} == set(keys), "a Secret that nobody reads"


def test_a_secret_or_key_that_does_not_exist_is_found() -> None:
    broken = overlay("small")
    of_kind(broken, "RabbitmqCluster")["broker"]["spec"]["tls"]["secretName"] = "broker-tsl"
    assert ("broker-tsl", frozenset({"tls.crt", "tls.key"})) in set(_secrets(broken))


def test_no_secret_and_no_value_of_one_is_in_the_manifests(cluster_secrets: Secrets) -> None:
    text = str(overlay("large"))
    assert not of_kind(overlay("large"), "Secret")
    for files in cluster_secrets.values():
        for value in files.values():
            assert value == b"postgres" or value.decode() not in text


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_setting_of_the_installation_is_read_and_every_one_that_is_read_is_there(name: str) -> None:
    manifests = overlay(name)
    read = {
        (reference["name"], reference["key"])
        for manifest in manifests
        for container in containers(manifest)
        for variable in container.get("env", ())
        if (reference := variable.get("valueFrom", {}).get("configMapKeyRef"))
    }
    maps = of_kind(manifests, "ConfigMap")
    assert read == {(config, key) for config, manifest in maps.items() for key in manifest["data"]}


@pytest.mark.parametrize("name", OVERLAYS)
def test_volumes_are_declared_and_mounted(name: str) -> None:
    for manifest in overlay(name):
        if template := pod_template(manifest):
            declared = [volume["name"] for volume in template["spec"]["volumes"]]
            mounted = {mount["name"] for container in containers(manifest) for mount in container["volumeMounts"]}
            assert sorted(declared) == sorted(mounted)


@pytest.mark.parametrize("name", OVERLAYS)
def test_services_select_pods_that_have_their_ports(name: str) -> None:
    manifests = overlay(name)
    for service, manifest in of_kind(manifests, "Service").items():
        if service == "broker-external":
            continue  # its pods are the operator's; see the test below
        (target,) = [
            each for each in _pods(manifests) if select(each["labels"])({"matchLabels": manifest["spec"]["selector"]})
        ]
        ports = {port["name"]: port["containerPort"] for port in target["ports"]}
        assert {port["targetPort"]: port["port"] for port in manifest["spec"]["ports"]} == ports


def test_external_clients_reach_the_port_with_tls_and_no_other() -> None:
    service = of_kind(overlay("large"), "Service")["broker-external"]["spec"]
    assert [port["port"] for port in service["ports"]] == [5671]
    assert (
        service["selector"]
        == of_kind(overlay("large"), "PodDisruptionBudget")["broker"]["spec"]["selector"]["matchLabels"]
    )
    assert "broker-external" not in of_kind(overlay("small"), "Service")


@pytest.mark.parametrize("name", OVERLAYS)
def test_probes_name_ports_of_their_container(name: str) -> None:
    for manifest in of_kind(overlay(name), "Deployment").values():
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", ())}
            probes = {kind: container[kind]["httpGet"] for kind in container if kind.endswith("Probe")}
            assert {probe["port"] for probe in probes.values()} <= ports
            if "http" in ports:
                assert {kind: probe["path"] for kind, probe in probes.items()} == {
                    "startupProbe": "/health/live",
                    "livenessProbe": "/health/live",
                    "readinessProbe": "/health/ready",
                }


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_ingress_leads_to_ports_of_services_under_names_with_a_certificate(name: str) -> None:
    manifests = overlay(name)
    services = of_kind(manifests, "Service")
    hosts = of_kind(manifests, "ConfigMap")["installation"]["data"]
    for ingress in of_kind(manifests, "Ingress").values():
        certified = {host for entry in ingress["spec"]["tls"] for host in entry["hosts"]}
        assert {rule["host"] for rule in ingress["spec"]["rules"]} == certified
        for rule in ingress["spec"]["rules"]:
            assert any(rule["host"] in value for value in hosts.values()), "no service answers to this name"
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                ports = {port["name"] for port in services[service["name"]]["spec"]["ports"]}
                assert service["port"]["name"] in ports - {"metrics"}


def test_the_addresses_of_the_pages_are_reached_through_the_public_ports_only() -> None:
    pages = of_kind(overlay("small"), "Ingress")["pages"]["spec"]["rules"][0]["http"]["paths"]
    assert {path["backend"]["service"]["port"]["name"] for path in pages} == {"public"}


def test_monitors_select_pods_and_name_their_ports() -> None:
    manifests = overlay("large")
    monitors = of_kind(manifests, "PodMonitor")
    services = [each for each in _pods(manifests) if select(each["labels"])(monitors["services"]["spec"]["selector"])]
    assert {each["labels"]["app.kubernetes.io/name"] for each in services} == {
        "registration",
        "ticketing",
        "notifications",
    }
    for monitor, ports in (
        ("services", {port["name"] for each in services for port in each["ports"]}),
        ("broker", {port["name"] for port in _broker_container(manifests)["ports"]}),
        ("database", {"metrics"}),  # CloudNativePG's name of it
    ):
        assert {end["port"] for end in monitors[monitor]["spec"]["podMetricsEndpoints"]} <= ports


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_have_an_account_that_exists_and_no_token_of_it(name: str) -> None:
    manifests = overlay(name)
    for manifest in manifests:
        if template := pod_template(manifest):
            assert template["spec"]["serviceAccountName"] in of_kind(manifests, "ServiceAccount")
            assert template["spec"]["automountServiceAccountToken"] is False
    assert not of_kind(manifests, "Role")
    assert not of_kind(manifests, "RoleBinding")


@pytest.mark.parametrize("name", OVERLAYS)
def test_selectors_of_deployments_take_their_own_pods_alone(name: str) -> None:
    manifests = overlay(name)
    for deployment, manifest in of_kind(manifests, "Deployment").items():
        taken = [each["owner"] for each in _pods(manifests) if select(each["labels"])(manifest["spec"]["selector"])]
        assert taken == [deployment]


def _secrets(manifests: list[Manifest]) -> Iterator[tuple[str, frozenset[str]]]:
    """The Secrets that are named, with the keys that are."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        pods = pod_template(manifest)
        volumes = pods["spec"]["volumes"] if pods else []
        match manifest["kind"]:
            case "RabbitmqCluster":
                volumes = spec["override"]["statefulSet"]["spec"]["template"]["spec"]["volumes"]
                yield spec["tls"]["secretName"], frozenset({"tls.crt", "tls.key"})
            case "Cluster":
                yield spec["superuserSecret"]["name"], frozenset({"username", "password"})
            case "Ingress":
                for entry in spec["tls"]:
                    yield entry["secretName"], frozenset({"tls.crt", "tls.key"})
        for volume in volumes:
            if secret := volume.get("secret"):
                yield secret["secretName"], frozenset(item["key"] for item in secret.get("items", ()))


def _pods(manifests: list[Manifest]) -> list[Manifest]:
    return [
        {
            "owner": manifest["metadata"]["name"],
            "labels": template["metadata"]["labels"],
            "ports": [port for container in template["spec"]["containers"] for port in container.get("ports", ())],
        }
        for manifest in manifests
        if (template := pod_template(manifest))
    ]


def _broker_container(manifests: list[Manifest]) -> Manifest:
    cluster = of_kind(manifests, "RabbitmqCluster")["broker"]
    container: Manifest = cluster["spec"]["override"]["statefulSet"]["spec"]["template"]["spec"]["containers"][0]
    return container
