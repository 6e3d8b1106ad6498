"""The secrets of an installation as files: made once, then written so that each program sees only its own.

The store (`store`) holds them all; every other file is derived from it. A service gets what its settings read
(`culture_connect.settings`), the broker its definitions, the database its passwords, the operator the logins of people
and of the command line.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    OPERATOR,
    Vhosts,
    definitions,
    password_hash,
)
from culture_connect_cli.accounts import random_password
from culture_connect_cli.private_files import write_secret
from culture_connect_cli.secrets import certificates, store, tokens
from culture_connect_cli.services import EDGE_SERVICES, REGISTRATION, SERVICES, TICKETING
from culture_connect_cli.urls import login_url

DATABASE: Final = "culture_connect"
SUPERUSER: Final = "postgres"

BROKER: Final = "broker"
POSTGRES: Final = "database"
OPERATORS: Final = OPERATOR  # the folder's name is that of the account

SIGNING_KEY_FILE: Final = "signing_key.json"
DEFINITIONS_FILE: Final = "definitions.json"
SUPERUSER_FILE: Final = "superuser_password"
ROLES_FILE: Final = "roles.json"
ERLANG_COOKIE_FILE: Final = ".erlang.cookie"  # the name that Erlang looks for
REPLICATION_FILE: Final = "replication_password"
PGPASS_FILE: Final = "pgpass"
REPLICATOR: Final = "replicator"
CERTIFICATE_FILE: Final = "certificate.pem"
CERTIFICATE_KEY_FILE: Final = "certificate_key.pem"
CA_FILE: Final = "ca.pem"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The servers' addresses for the services, as `host:port`, or several with commas: the nodes of a broker, a primary
    and its standbys. `hosts` are the names in the broker's certificate.

    `broker_tls` says that the broker's port speaks TLS.
    """

    database: str = "postgres:5432"
    broker: str = "rabbitmq:5672"
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    broker_tls: bool = False


def provision(
    folder: Path, addresses: Addresses, owners: Mapping[str, int] | None = None, *, now: datetime | None = None
) -> list[str]:
    """Makes the missing secrets, writes every file, and returns the names of the new secrets.

    Safe to repeat: no value changes, except the broker's certificate when at `now` it has less than 30 days left or is
    for other hosts. `owners` maps parts of the folder (a service, `broker`, `database`) to the user id that reads them;
    this needs root. Files get mode 0400, folders 0700. Raises OSError when a file cannot be written, SecretsError when
    the store is damaged, CertificateError for an invalid host.
    """
    owners = owners or {}
    owner = os.geteuid()
    secrets_file = store.secrets_file(folder)
    secrets_file.parent.mkdir(parents=True, exist_ok=True)
    with store.locked(folder):
        kept = store.read(folder) if secrets_file.exists() else {}
        made = _complete(kept) + _complete_certificates(kept, addresses, now or datetime.now(UTC))
        write_secret(secrets_file, json.dumps(kept, indent=1), owners.get(store.STORE_FOLDER, owner))
        for name, content in _files(kept, addresses).items():
            write_secret(folder / name, content, owners.get(name.partition("/")[0], owner))
    return made


def superuser_url(folder: Path, address: str) -> str:
    """The superuser's URL of the database at `address`. Holds the password: never log it."""
    password = (folder / POSTGRES / SUPERUSER_FILE).read_text(encoding="utf-8")
    return _database_url(SUPERUSER, password, address)


def _database_url(role: str, password: str, address: str) -> str:
    """Of several servers the one that takes writes is wanted."""
    url = login_url("postgresql", role, password, address, DATABASE)
    return f"{url}?target_session_attrs=read-write" if "," in address else url


def role_passwords(folder: Path) -> dict[str, str]:
    """The passwords of the services' database roles. Raises FileNotFoundError before `provision` has run."""
    roles: dict[str, str] = json.loads((folder / POSTGRES / ROLES_FILE).read_text(encoding="utf-8"))
    return roles


def signing_key() -> dict[str, str]:
    """A new private Ed25519 key as a JWK (RFC 8037)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "d": _base64url(private), "x": _base64url(public)}


def _complete(kept: dict[str, Any]) -> list[str]:
    """Adds the missing secrets and returns their names."""
    wanted: dict[str, Any] = {
        "broker": dict.fromkeys((ADMINISTRATOR, OPERATOR, *SERVICES), random_password),
        "database": dict.fromkeys((SUPERUSER, *SERVICES), random_password),
        "tokens": dict.fromkeys(tokens.built_in_names(kept), secrets.token_urlsafe),
        "keys": {"signing": signing_key, "tombstone": _random_key},
        # Of a cluster: how its brokers know each other, and how a standby logs in at the primary.
        "cluster": dict.fromkeys(("erlang_cookie", "replication"), random_password),
        "hash_keys": dict.fromkeys(SERVICES, _random_key),
    }
    made = []
    for part, entries in wanted.items():
        present = kept.setdefault(part, {})
        for name, make in entries.items():
            if name not in present:
                present[name] = make()
                made.append(f"{part}/{name}")
    return made


def _complete_certificates(kept: dict[str, Any], addresses: Addresses, now: datetime) -> list[str]:
    """Adds or renews certificates and returns their names."""
    brokers = (address.rpartition(":")[0].strip("[]") for address in addresses.broker.split(","))
    hosts = (*addresses.hosts, *brokers)
    return [f"certificates/{name}" for name in certificates.renew(kept.setdefault("certificates", {}), hosts, now)]


def _files(kept: Mapping[str, Any], addresses: Addresses) -> dict[str, str]:
    """The content of every file by its path."""
    vhosts = Vhosts()
    amqp = "amqps" if addresses.broker_tls else "amqp"
    accounts, roles, keys = kept["broker"], kept["database"], kept["keys"]
    hashes = {name: password_hash(password) for name, password in accounts.items()}
    files = {
        f"{BROKER}/{DEFINITIONS_FILE}": json.dumps(definitions(vhosts, users=hashes), indent=1),
        f"{POSTGRES}/{SUPERUSER_FILE}": roles[SUPERUSER],
        f"{BROKER}/{ERLANG_COOKIE_FILE}": kept["cluster"]["erlang_cookie"],
        f"{POSTGRES}/{REPLICATION_FILE}": kept["cluster"]["replication"],
        f"{POSTGRES}/{PGPASS_FILE}": f"*:*:*:{REPLICATOR}:{kept['cluster']['replication']}",
        f"{POSTGRES}/{ROLES_FILE}": json.dumps({service: roles[service] for service in SERVICES}),
        f"{OPERATORS}/{ADMINISTRATOR}": accounts[ADMINISTRATOR],
        f"{OPERATORS}/{OPERATOR}": accounts[OPERATOR],
        **_certificate_files(kept["certificates"]),
        **{tokens.token_file(name): token for name, token in kept["tokens"].items()},
        f"{TICKETING}/{SIGNING_KEY_FILE}": json.dumps(keys["signing"]),
        f"{REGISTRATION}/culture_connect_tombstone_key": keys["tombstone"],
    }
    hashed = tokens.service_tokens(kept)
    for service in SERVICES:
        settings = {
            "database_url": _database_url(service, roles[service], addresses.database),
            "hash_key": kept["hash_keys"][service],
            "core_url": login_url(amqp, service, accounts[service], addresses.broker, vhosts.core),
        }
        if service in EDGE_SERVICES:
            settings["edge_url"] = login_url(amqp, service, accounts[service], addresses.broker, vhosts.edge)
        files |= {f"{service}/culture_connect_{name}": value for name, value in settings.items()}
        files[f"{service}/{tokens.TOKENS_FILE}"] = hashed
    return files


def _random_key() -> str:
    return secrets.token_hex(32)


def _certificate_files(kept: Mapping[str, str]) -> dict[str, str]:
    """The broker's certificate and key, and the authority for whoever connects to it."""
    authority = kept[certificates.AUTHORITY]
    return {
        f"{BROKER}/{CERTIFICATE_FILE}": kept[certificates.BROKER],
        f"{BROKER}/{CERTIFICATE_KEY_FILE}": kept[f"{certificates.BROKER}_key"],
        **{f"{part}/{CA_FILE}": authority for part in (BROKER, OPERATORS, *SERVICES)},
    }


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
