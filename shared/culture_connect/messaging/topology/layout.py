"""The layout of the broker: the fixed part, and the part of each outside party."""

from collections.abc import Iterable
from typing import Final

from culture_connect.messaging.topology import names, queues
from culture_connect.messaging.topology.model import (
    Binding,
    Exchange,
    Permission,
    Policy,
    Queue,
    TopicPermission,
    Topology,
    User,
    Vhosts,
)
from culture_connect.messaging.topology.services import ALL_SERVICES, EDGE_SERVICES, RECEIPTS, SERVICES, TICKETS

NOTHING: Final = "^$"
_EVERYTHING: Final = ".*"

HR_LIMITS: Final = {"max-connections": 2, "max-channels": 8}
BOX_OFFICE_LIMITS: Final = {"max-connections": 4, "max-channels": 16}


def complete(vhosts: Vhosts, partners: Iterable[str] = (), venues: Iterable[str] = ()) -> Topology:
    """The fixed part with these partners (slugs) and venues."""
    topology = fixed(vhosts)
    for partner in partners:
        topology += hr_party(partner, vhosts)
    for venue in venues:
        topology += box_office_party(venue, vhosts)
    return topology


def fixed(vhosts: Vhosts) -> Topology:
    """Returns the part without parties: both virtual hosts, the accounts of the services and of people."""
    return _core(vhosts) + _edge(vhosts) + _people(vhosts)


def hr_party(partner: str, vhosts: Vhosts) -> Topology:
    """Returns the part of a partner's HR system on the edge. Raises ValueError when `partner` is not a slug."""
    account, inbound, outbound = (
        names.hr_account(partner),
        names.enrolments_queue(partner),
        names.receipts_queue(partner),
    )
    return Topology(
        exchanges=(Exchange(vhosts.edge, account, "topic"),),
        queues=(
            Queue(vhosts.edge, inbound, queues.inbound_queue(in_order=True)),
            Queue(vhosts.edge, outbound, queues.outbound_queue()),
        ),
        bindings=(
            Binding(vhosts.edge, account, inbound, "#"),
            Binding(vhosts.edge, RECEIPTS, outbound, partner),
        ),
        users=(User(account, limits=HR_LIMITS),),
        permissions=(Permission(account, vhosts.edge, NOTHING, only(account), only(outbound)),),
    )


def box_office_party(venue: str, vhosts: Vhosts) -> Topology:
    """Returns the part of a venue's box office on the edge. Raises ValueError when `venue` is not a slug."""
    account, inbound, outbound = (
        names.box_office_account(venue),
        names.admissions_queue(venue),
        names.tickets_queue(venue),
    )
    return Topology(
        exchanges=(Exchange(vhosts.edge, account, "topic"),),
        queues=(
            Queue(vhosts.edge, inbound, queues.inbound_queue()),
            Queue(vhosts.edge, outbound, queues.outbound_queue()),
        ),
        bindings=(
            Binding(vhosts.edge, account, inbound, "#"),
            Binding(vhosts.edge, TICKETS, outbound, venue),
        ),
        users=(User(account, limits=BOX_OFFICE_LIMITS),),
        permissions=(Permission(account, vhosts.edge, NOTHING, only(account), only(outbound)),),
    )


def party(kind: names.PartyKind, name: str, vhosts: Vhosts) -> Topology:
    """Returns the part of one outside party, by its kind."""
    return hr_party(name, vhosts) if kind == "hr" else box_office_party(name, vhosts)


def only(*allowed: str) -> str:
    """A pattern for these names (slugs and dots) and no others; the broker's patterns are unanchored."""
    return "^(" + "|".join(allowed).replace(".", r"\.") + ")$"


def keys(*patterns: str) -> str:
    """A pattern for the routing keys that these topic patterns match; `#` stands for one word or more, at the end."""
    words = (pattern.replace(".", r"\.").replace("#", ".+") for pattern in patterns)
    return "^(" + "|".join(words) + ")$"


def _core(vhosts: Vhosts) -> Topology:
    topology = Topology(vhosts=(vhosts.core,), exchanges=(Exchange(vhosts.core, names.EVENTS, "topic"),))
    topology += _dead_letters(vhosts.core, SERVICES)
    for entry in ALL_SERVICES:
        service, queue = entry.name, names.events_queue(entry.name)
        bindings = tuple(Binding(vhosts.core, names.EVENTS, queue, pattern) for pattern in entry.subscribes)
        writes = only(names.EVENTS, names.DEAD_LETTERS)
        topology += Topology(
            queues=(Queue(vhosts.core, queue, queues.events_queue(service)),),
            bindings=bindings,
            users=(User(service),),
            permissions=(Permission(service, vhosts.core, NOTHING, writes, only(queue)),),
            topic_permissions=(TopicPermission(service, vhosts.core, names.EVENTS, keys(*entry.publishes), NOTHING),),
        )
    return topology


def _edge(vhosts: Vhosts) -> Topology:
    topology = Topology(
        vhosts=(vhosts.edge,),
        exchanges=(
            Exchange(vhosts.edge, RECEIPTS, "direct"),
            Exchange(vhosts.edge, TICKETS, "direct"),
        ),
        policies=(
            Policy(vhosts.edge, "inbound", names.inbound_queues(), queues.INBOUND_LIMITS),
            Policy(vhosts.edge, "receipts", names.receipts_queues(), queues.RECEIPTS_LIMITS),
            Policy(vhosts.edge, "tickets", names.tickets_queues(), queues.TICKETS_LIMITS),
        ),
    )
    topology += _dead_letters(vhosts.edge, EDGE_SERVICES)
    for entry in ALL_SERVICES:
        if entry.edge is not None:
            writes, reads = only(entry.edge.exchange, names.DEAD_LETTERS), entry.edge.inbound_queues
            topology += Topology(permissions=(Permission(entry.name, vhosts.edge, NOTHING, writes, reads),))
    return topology


def _dead_letters(vhost: str, services: Iterable[str]) -> Topology:
    topology = Topology(
        exchanges=(Exchange(vhost, names.DEAD_LETTERS, "direct"),),
        policies=(Policy(vhost, "dead-letters", names.dead_queues(), queues.DEAD_LETTER_LIMITS),),
    )
    for service in services:
        queue = names.dead_queue(service)
        topology += Topology(
            queues=(Queue(vhost, queue, queues.dead_letter_queue()),),
            bindings=(Binding(vhost, names.DEAD_LETTERS, queue, service),),
        )
    return topology


def _people(vhosts: Vhosts) -> Topology:
    both = (vhosts.core, vhosts.edge)
    watches = tuple(Permission(names.OPERATOR, vhost, NOTHING, NOTHING, NOTHING) for vhost in both)
    rules = tuple(Permission(names.ADMINISTRATOR, vhost, _EVERYTHING, _EVERYTHING, _EVERYTHING) for vhost in both)
    return Topology(
        users=(User(names.OPERATOR, ("monitoring",)), User(names.ADMINISTRATOR, ("administrator",))),
        permissions=(*watches, *rules),
    )
