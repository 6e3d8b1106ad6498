"""The secrets of an installation as files: made once, then dealt out so that each program sees only its own.

`vault/secrets.json` holds them all and is the only source; every other file is written anew from it. A
service gets what its settings read (`culture_connect.settings`), the broker its definitions, the database
its passwords, the operator what people and the command line log in with.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    OPERATOR,
    REGISTRATION,
    SERVICES,
    TICKETING,
    Vhosts,
    definitions,
    password_hash,
)
from culture_connect_cli.accounts import random_password

DATABASE: Final = "culture_connect"
SUPERUSER: Final = "postgres"

VAULT: Final = "vault"
BROKER: Final = "broker"
POSTGRES: Final = "database"
OPERATORS: Final = "operator"

TOKENS_FILE: Final = "tokens.json"
SIGNING_KEY_FILE: Final = "signing_key.json"
DEFINITIONS_FILE: Final = "definitions.json"
SUPERUSER_FILE: Final = "superuser_password"
ROLES_FILE: Final = "roles.json"

_ON_THE_EDGE: Final = (REGISTRATION, TICKETING)
_SCOPES: Final = {
    "programme": ["programme"],
    OPERATOR: [OPERATOR],
    **{f"box-office.{venue}": [f"box-office:{venue}"] for venue in Venue},
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services find the servers, as `host:port`."""

    database: str = "postgres:5432"
    broker: str = "rabbitmq:5672"


def deal_out(folder: Path, addresses: Addresses, owners: Mapping[str, int] | None = None) -> list[str]:
    """Makes what secrets are missing and writes every file; safe to repeat, nothing that exists changes its value.

    `owners` maps parts of the folder (a service, `broker`, `database`) to the user id that reads them; this takes
    root. Files get mode 0400, folders 0500 for their owner, and are written whole. Returns the names of
    the secrets that were made. Raises OSError when a file cannot be written.
    """
    vault_file = folder / VAULT / "secrets.json"
    vault = json.loads(vault_file.read_text(encoding="utf-8")) if vault_file.exists() else {}
    made = _complete(vault)
    owner = os.geteuid()
    _write(vault_file, json.dumps(vault, indent=1), (owners or {}).get(VAULT, owner))
    for name, content in _files(vault, addresses).items():
        _write(folder / name, content, (owners or {}).get(name.partition("/")[0], owner))
    return made


def superuser_url(folder: Path, address: str) -> str:
    """The superuser's way to the database server at `address`. Holds the password: never log it."""
    password = (folder / POSTGRES / SUPERUSER_FILE).read_text(encoding="utf-8")
    return _url("postgresql", SUPERUSER, password, address, DATABASE)


def role_passwords(folder: Path) -> dict[str, str]:
    """The passwords of the services' database roles. Raises FileNotFoundError before `deal_out` has run."""
    roles: dict[str, str] = json.loads((folder / POSTGRES / ROLES_FILE).read_text(encoding="utf-8"))
    return roles


def signing_key() -> dict[str, str]:
    """A new private Ed25519 key as a JWK (RFC 8037)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "d": _base64url(private), "x": _base64url(public)}


def _complete(vault: dict[str, Any]) -> list[str]:
    """Adds what is missing to the vault and returns its names."""
    wanted: dict[str, Any] = {
        "broker": dict.fromkeys((ADMINISTRATOR, OPERATOR, *SERVICES), random_password),
        "database": dict.fromkeys((SUPERUSER, *SERVICES), random_password),
        "tokens": dict.fromkeys(_SCOPES, secrets.token_urlsafe),
        "keys": {"signing": signing_key},
    }
    made = []
    for part, entries in wanted.items():
        present = vault.setdefault(part, {})
        for name, make in entries.items():
            if name not in present:
                present[name] = make()
                made.append(f"{part}/{name}")
    return made


def _files(vault: Mapping[str, Any], addresses: Addresses) -> dict[str, str]:
    """Path to content of everything that is dealt out."""
    vhosts = Vhosts()
    accounts, roles, tokens = vault["broker"], vault["database"], vault["tokens"]
    hashes = {name: password_hash(password) for name, password in accounts.items()}
    files = {
        f"{BROKER}/{DEFINITIONS_FILE}": json.dumps(definitions(vhosts, users=hashes), indent=1),
        f"{POSTGRES}/{SUPERUSER_FILE}": roles[SUPERUSER],
        f"{POSTGRES}/{ROLES_FILE}": json.dumps({service: roles[service] for service in SERVICES}),
        f"{OPERATORS}/{ADMINISTRATOR}": accounts[ADMINISTRATOR],
        f"{OPERATORS}/{OPERATOR}": accounts[OPERATOR],
        **{f"{OPERATORS}/token-{name}": token for name, token in tokens.items()},
        f"{TICKETING}/{SIGNING_KEY_FILE}": json.dumps(vault["keys"]["signing"]),
    }
    hashed = json.dumps(
        [
            {"name": name, "scopes": _SCOPES[name], "sha256": hashlib.sha256(token.encode()).hexdigest()}
            for name, token in tokens.items()
            if name in _SCOPES
        ],
        indent=1,
    )
    for service in SERVICES:
        settings = {
            "database_url": _url("postgresql", service, roles[service], addresses.database, DATABASE),
            "core_url": _url("amqp", service, accounts[service], addresses.broker, vhosts.core),
        }
        if service in _ON_THE_EDGE:
            settings["edge_url"] = _url("amqp", service, accounts[service], addresses.broker, vhosts.edge)
        files |= {f"{service}/culture_connect_{name}": value for name, value in settings.items()}
        files[f"{service}/{TOKENS_FILE}"] = hashed
    return files


def _url(scheme: str, user: str, password: str, address: str, path: str) -> str:
    return f"{scheme}://{quote(user)}:{quote(password, safe='')}@{address}/{path}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _write(path: Path, content: str, owner: int) -> None:
    """Writes the file whole, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            os.fchmod(descriptor, 0o400)
            if owner != os.geteuid():
                os.fchown(descriptor, owner, owner)
                os.chown(path.parent, owner, owner)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
