"""Bearer tokens of the HTTP APIs: the built-in ones of the installation, and those that people add and revoke.

The store keeps the built-in ones under "tokens", because programs of the installation present them. Of an added token
it keeps a hash only, under "added_tokens"; "revoked_tokens" are built-in ones that are not made again. Each service
has the hashes in a file, which it reads again after a change (`culture_connect.http.tokens`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from culture_connect.contracts import SLUG_PATTERN, Venue
from culture_connect.messaging.topology import OPERATOR
from culture_connect_cli.private_files import rewrite_secret
from culture_connect_cli.secrets import store
from culture_connect_cli.services import SERVICES

TOKENS_FILE: Final = "tokens.json"

BUILT_IN: Final[Mapping[str, list[str]]] = {
    "programme": ["programme"],
    OPERATOR: [OPERATOR],
    **{f"box-office.{venue}": [f"box-office:{venue}"] for venue in Venue},
}

_NAME: Final = re.compile(r"[a-z0-9._-]{1,100}")
_PARTNER: Final = re.compile(f"partner:{SLUG_PATTERN}")
_FIXED_SCOPES: Final = ("programme", OPERATOR, "mail", *(f"box-office:{venue}" for venue in Venue))


class TokenError(Exception):
    """A token cannot be added or revoked; the text says why and what is expected."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its hash; `created_at` is None for a built-in one."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    expires_at: datetime | None = None


def add(folder: Path, name: str, scopes: Sequence[str], *, now: datetime, lifetime: timedelta | None = None) -> str:
    """Makes a token that is valid from now on until `lifetime` is over, and returns it: it is kept nowhere.

    Raises TokenError for an invalid name or scope or an existing name, SecretsError and OSError.
    """
    if not _NAME.fullmatch(name):
        raise TokenError(f"{name!r} is not a token's name; expected 1 to 100 characters of a-z, 0-9, '.', '_' and '-'")
    if not scopes:
        raise TokenError(f"a token needs a scope: {_expected_scopes()}")
    token = secrets.token_urlsafe()
    entry = {
        "scopes": [_known_scope(scope) for scope in dict.fromkeys(scopes)],
        "sha256": _digest(token),
        "created_at": now.isoformat(timespec="seconds"),
        "expires_at": (now + lifetime).isoformat(timespec="seconds") if lifetime else None,
    }
    with _update(folder) as content:
        if exists(content, name):
            raise TokenError(f"the token {name} exists: revoke it first, or choose another name")
        content.setdefault("added_tokens", {})[name] = entry
    return token


def revoke(folder: Path, name: str, *, now: datetime) -> None:
    """Revokes a token; its name can be used again. Raises TokenError when it does not exist, SecretsError, OSError."""
    with _update(folder) as content:
        if not exists(content, name):
            raise TokenError(f"there is no token {name}")
        if content.get("added_tokens", {}).pop(name, None) is None:
            del content["tokens"][name]
            content.setdefault("revoked_tokens", {})[name] = now.isoformat(timespec="seconds")
            (folder / token_file(name)).unlink(missing_ok=True)


def list_tokens(folder: Path) -> list[Token]:
    """The tokens that are not revoked: the built-in ones, then the added ones by name.

    Raises SecretsError and OSError.
    """
    content = store.read(folder)
    built_in = [Token(name, tuple(BUILT_IN[name])) for name in content["tokens"] if name in BUILT_IN]
    added = [
        Token(name, tuple(entry["scopes"]), _time(entry["created_at"]), _time(entry["expires_at"]))
        for name, entry in sorted(content.get("added_tokens", {}).items())
    ]
    return built_in + added


def built_in_names(content: Mapping[str, Any]) -> list[str]:
    """The names of the built-in tokens that should exist: neither revoked nor replaced by an added one."""
    taken = content.get("revoked_tokens", {}).keys() | content.get("added_tokens", {}).keys()
    return [name for name in BUILT_IN if name not in taken]


def exists(content: Mapping[str, Any], name: str) -> bool:
    """True when there is a token of this name that is not revoked."""
    return name in content["tokens"] or name in content.get("added_tokens", {})


def token_file(name: str) -> str:
    """The file of a built-in token, relative to the folder."""
    return f"{OPERATOR}/token-{name}"


def service_tokens(content: Mapping[str, Any]) -> str:
    """The tokens file of each service, from the content of the store."""
    built_in = [
        {"name": name, "scopes": BUILT_IN[name], "sha256": _digest(token)}
        for name, token in content["tokens"].items()
        if name in BUILT_IN
    ]
    added = [
        {"name": name, "scopes": entry["scopes"], "sha256": entry["sha256"]}
        | ({"expires_at": entry["expires_at"]} if entry["expires_at"] else {})
        for name, entry in content.get("added_tokens", {}).items()
    ]
    return json.dumps(built_in + added, indent=1)


@contextmanager
def _update(folder: Path) -> Iterator[dict[str, Any]]:
    """The content of the store; changes are written to the services' files and to the store."""
    with store.locked(folder):
        content = store.read(folder)
        yield content
        # The store is the last: a command that fails or is killed on the way can be repeated.
        for service in SERVICES:
            rewrite_secret(folder / service / TOKENS_FILE, service_tokens(content))
        rewrite_secret(store.secrets_file(folder), json.dumps(content, indent=1))


def _known_scope(scope: str) -> str:
    if scope in _FIXED_SCOPES or _PARTNER.fullmatch(scope):
        return scope
    raise TokenError(f"{scope!r} is not a scope; expected {_expected_scopes()}")


def _expected_scopes() -> str:
    return f"{', '.join(_FIXED_SCOPES)}, or partner:SLUG"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
