"""The elements of a topology. Pure data: nothing here talks to a broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from culture_connect.messaging.topology import names

Arguments = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Vhosts:
    """The names of the two virtual hosts; tests have pairs of their own."""

    core: str = names.CORE
    edge: str = names.EDGE


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange; `type` is topic, direct, headers or fanout."""

    vhost: str
    name: str
    type: str
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue."""

    vhost: str
    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Binding:
    """From an exchange to a queue."""

    vhost: str
    exchange: str
    queue: str
    routing_key: str
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of all queues whose names match, beside their arguments; they can change while the queues exist."""

    vhost: str
    name: str
    pattern: str
    definition: Arguments


@dataclass(frozen=True, slots=True)
class Permission:
    """A user's rights in a virtual host: anchored regular expressions over names."""

    user: str
    vhost: str
    configure: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class TopicPermission:
    """The routing keys that a user may write to a topic exchange, and bind from it: anchored regular expressions."""

    user: str
    vhost: str
    exchange: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class User:
    """An account; passwords are given when it is made. `limits` as the broker names them."""

    name: str
    tags: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """A set of things that should exist on the broker; the sum of two is both."""

    vhosts: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    users: tuple[User, ...] = ()
    permissions: tuple[Permission, ...] = ()
    topic_permissions: tuple[TopicPermission, ...] = ()
    policies: tuple[Policy, ...] = ()

    def __add__(self, other: Topology) -> Topology:
        return Topology(*((*getattr(self, part.name), *getattr(other, part.name)) for part in fields(self)))
