"""Network policies as the cluster applies them: who reaches whom.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
Where it is left to the network (whether a block of addresses takes in pods), the answer here is the wider one.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.deploy.kubernetes.rendering import Manifest, select

NAMESPACE: Final = "culture-connect"


@dataclass(frozen=True)
class Peer:
    """A pod with its namespace and labels, or an address outside the cluster when `namespace` is None."""

    name: str
    namespace: str | None = NAMESPACE
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.0.0.1"


def reaches(policies: Sequence[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Returns whether `source` may open a connection to a port of `target`: both sides have to allow it."""
    return _allows(policies, "Egress", source, target, port, protocol) and _allows(
        policies, "Ingress", target, source, port, protocol
    )


def _allows(policies: Sequence[Manifest], direction: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
    if pod.namespace is None:
        return True
    applied = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and select(pod.labels)(policy["spec"]["podSelector"])
    ]
    if not applied:
        return True
    rules, side = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    return any(
        _takes_port(rule, port, protocol) and (side not in rule or any(_is(other, entry) for entry in rule[side]))
        for spec in applied
        for rule in spec.get(rules, ())
    )


def _takes_port(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    return "ports" not in rule or any(
        entry.get("protocol", "TCP") == protocol and entry["port"] == port for entry in rule["ports"]
    )


def _is(peer: Peer, entry: Mapping[str, Any]) -> bool:
    if block := entry.get("ipBlock"):
        address, network = ipaddress.ip_address(peer.address), ipaddress.ip_network(block["cidr"])
        return address.version == network.version and address in network
    if peer.namespace is None:
        return False
    of_namespace = {"kubernetes.io/metadata.name": peer.namespace}
    if "namespaceSelector" in entry:
        here = select(of_namespace)(entry["namespaceSelector"])
    else:
        here = peer.namespace == NAMESPACE
    return here and select(peer.labels)(entry.get("podSelector", {}))
