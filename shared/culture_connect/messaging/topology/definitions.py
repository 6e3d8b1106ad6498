"""The topology in the broker's own format (https://www.rabbitmq.com/docs/definitions)."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from culture_connect.messaging.topology.layout import complete
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

HASHING_ALGORITHM = "rabbit_password_hashing_sha256"


def definitions(
    vhosts: Vhosts,
    partners: Iterable[str] = (),
    venues: Iterable[str] = (),
    users: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The definitions of the fixed part, these partners (slugs) and these venues, ready for `json.dumps`.

    `users` maps account names to password hashes; accounts without a hash are left out with
    their permissions. Raises ValueError when it names an account that the topology does not know.
    """
    return definitions_of(complete(vhosts, partners, venues), users or {})


def definitions_of(topology: Topology, users: Mapping[str, str]) -> dict[str, Any]:
    """The definitions of any piece of topology; `users` and errors as in `definitions`."""
    unknown = set(users) - {user.name for user in topology.users}
    if unknown:
        raise ValueError(f"accounts that the topology does not know: {', '.join(sorted(unknown))}")
    return {
        "vhosts": [{"name": vhost} for vhost in topology.vhosts],
        "users": [user_definition(user, users[user.name]) for user in topology.users if user.name in users],
        "permissions": [_permission(row) for row in topology.permissions if row.user in users],
        "topic_permissions": [_topic_permission(row) for row in topology.topic_permissions if row.user in users],
        "parameters": [],
        "policies": [_policy(policy) for policy in topology.policies],
        "exchanges": [_exchange(exchange) for exchange in topology.exchanges],
        "queues": [_queue(queue) for queue in topology.queues],
        "bindings": [_binding(binding) for binding in topology.bindings],
    }


def password_hash(password: str, salt: bytes | None = None) -> str:
    """The broker's salted SHA-256 of a password, base64. `salt` is four bytes, random unless given.

    One round of SHA-256 protects only what cannot be guessed: passwords are 32 random characters.
    Source: https://www.rabbitmq.com/docs/passwords#computing-password-hash
    """
    salt = secrets.token_bytes(4) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def is_password_of(password: str, hashed: str) -> bool:
    """True when `hashed` is the broker's hash of this password; False for every other hash and algorithm."""
    try:
        salt = base64.b64decode(hashed, validate=True)[:4]
    except ValueError:
        return False
    return secrets.compare_digest(password_hash(password, salt), hashed)


def user_definition(user: User, hashed: str) -> dict[str, Any]:
    """One account, with the hash of its password."""
    return {
        "name": user.name,
        "password_hash": hashed,
        "hashing_algorithm": HASHING_ALGORITHM,
        "tags": list(user.tags),
        "limits": dict(user.limits),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "vhost": policy.vhost,
        "name": policy.name,
        "pattern": policy.pattern,
        "apply-to": "queues",
        "definition": dict(policy.definition),
        "priority": 0,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "name": exchange.name,
        "vhost": exchange.vhost,
        "type": exchange.type,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": dict(exchange.arguments),
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "vhost": queue.vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": dict(queue.arguments),
    }


def _binding(binding: Binding) -> dict[str, Any]:
    return {
        "source": binding.exchange,
        "vhost": binding.vhost,
        "destination": binding.queue,
        "destination_type": "queue",
        "routing_key": binding.routing_key,
        "arguments": dict(binding.arguments),
    }


def _permission(permission: Permission) -> dict[str, Any]:
    return {
        "user": permission.user,
        "vhost": permission.vhost,
        "configure": permission.configure,
        "write": permission.write,
        "read": permission.read,
    }


def _topic_permission(permission: TopicPermission) -> dict[str, Any]:
    return {
        "user": permission.user,
        "vhost": permission.vhost,
        "exchange": permission.exchange,
        "write": permission.write,
        "read": permission.read,
    }
