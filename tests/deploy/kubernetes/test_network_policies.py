"""The table of who may reach whom is what the network policies allow, no less and no more."""

import itertools

import pytest

from tests.deploy.kubernetes.policies import NAMESPACE, Peer, reaches
from tests.deploy.kubernetes.rendering import OVERLAYS, Manifest, of_kind, overlay, pod_template

OPERATED = (
    # Their labels are given by the operators.
    Peer("broker", labels={"app.kubernetes.io/name": "broker", "app.kubernetes.io/component": "rabbitmq"}),
    Peer("database", labels={"cnpg.io/cluster": "database", "cnpg.io/podRole": "instance"}),
)
ELSEWHERE = (
    Peer("ingress", "ingress", {"app.kubernetes.io/name": "some-controller"}),
    Peer("prometheus", "monitoring", {"app.kubernetes.io/name": "prometheus"}),
    Peer("dns", "kube-system", {"k8s-app": "kube-dns"}),
    Peer("operator of postgres", "cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    Peer("pod of others", "others", {"app.kubernetes.io/component": "service", "cnpg.io/cluster": "database"}),
    Peer("outside", None, address="203.0.113.7"),
    Peer("outside, IPv6", None, address="2001:db8::7"),
)
NOBODY = Peer("pod without labels")

PORTS = (80, 443, 587, 4369, 5432, 5671, 5672, 6443, 8000, 8080, 9000, 9187, 15671, 15672, 15691, 15692, 25672)

SERVICES = ("registration", "ticketing", "notifications")
# A block of all addresses is read as one that takes in the pods of other namespaces, too.
ANYWHERE = tuple(peer.name for peer in ELSEWHERE)

# Source, target, ports.
SMALL = [
    *((service, "broker", {5671}) for service in SERVICES),
    *((service, "database", {5432}) for service in SERVICES),
    *(("notifications", place, {587}) for place in ANYWHERE),
    *((f"{service}-migrate", "database", {5432}) for service in SERVICES),
    ("database-roles", "database", {5432}),
    ("topology", "broker", {5672, 15672}),
    *(("tools", service, {8000, 9000}) for service in SERVICES),
    ("tools", "broker", {5671, 5672, 15672}),
    ("broker", "broker", {4369, 25672}),
    ("database", "database", {5432, 8000}),
    # The cluster's API, which has an address and no labels.
    *((pod, place, {443, 6443}) for pod in ("broker", "database") for place in ANYWHERE),
    ("operator of postgres", "database", {5432, 8000}),
    ("ingress", "registration", {8000}),
    ("ingress", "ticketing", {8000, 8080}),
    ("ingress", "notifications", {8080}),
]
LARGE = [
    *SMALL,
    *(("prometheus", service, {9000}) for service in SERVICES),
    ("prometheus", "broker", {15692}),
    ("prometheus", "database", {9187}),
    *((each.name, "broker", {5671}) for each in ELSEWHERE),
]
TABLE = {"small": SMALL, "large": LARGE}


@pytest.mark.parametrize("name", OVERLAYS)
def test_everybody_reaches_what_the_table_says_and_nothing_else(name: str) -> None:
    manifests = overlay(name)
    policies = list(of_kind(manifests, "NetworkPolicy").values())
    peers = [*_pods(manifests), *OPERATED, *ELSEWHERE, NOBODY]
    # What others do among themselves is no affair of ours.
    pairs = [(a, b) for a, b in itertools.product(peers, peers) if NAMESPACE in (a.namespace, b.namespace)]
    found = {
        (source.name, target.name, port)
        for source, target in pairs
        for port in PORTS
        if reaches(policies, source, target, port)
    }
    assert found == {(source, target, port) for source, target, ports in TABLE[name] for port in ports}


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_asks_the_clusters_dns_and_no_other(name: str) -> None:
    manifests = overlay(name)
    policies = list(of_kind(manifests, "NetworkPolicy").values())
    places = {peer.name: peer for peer in ELSEWHERE}
    for pod in (*_pods(manifests), *OPERATED, NOBODY):
        for protocol in ("UDP", "TCP"):
            assert reaches(policies, pod, places["dns"], 53, protocol)
            assert not reaches(policies, pod, places["outside"], 53, protocol)


def test_the_table_is_not_met_when_a_policy_is_missing() -> None:
    manifests = overlay("small")
    policies = of_kind(manifests, "NetworkPolicy")
    registration = next(pod for pod in _pods(manifests) if pod.name == "registration")
    others = next(peer for peer in ELSEWHERE if peer.name == "pod of others")
    database = OPERATED[1]
    assert reaches(list(policies.values()), registration, database, 5432)
    assert not reaches(list(policies.values()), others, database, 5432)
    without = {name: policy for name, policy in policies.items() if name != "services"}
    assert not reaches(list(without.values()), registration, database, 5432)
    assert reaches([], others, database, 5432)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_policy_selects_a_pod_and_every_pod_is_selected(name: str) -> None:
    manifests = overlay(name)
    policies = of_kind(manifests, "NetworkPolicy")
    everything_closed = policies["closed"]["spec"]
    assert everything_closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy, manifest in policies.items():
        opened = [pod.name for pod in (*_pods(manifests), *OPERATED) if _opens(manifest, pod)]
        assert opened, f"{policy} is for no pod"


def _opens(policy: Manifest, pod: Peer) -> bool:
    """True when the policy is about this pod: with it alone, something of the pod is closed."""
    stranger = Peer("stranger", "others", address="198.51.100.1")
    return not (reaches([policy], pod, stranger, 1) and reaches([policy], stranger, pod, 1))


def _pods(manifests: list[Manifest]) -> list[Peer]:
    """A pod of each Deployment and Job."""
    templates = [template for manifest in manifests if (template := pod_template(manifest))]
    return [
        Peer(labels["app.kubernetes.io/name"], labels=labels)
        for labels in (template["metadata"]["labels"] for template in templates)
    ]
