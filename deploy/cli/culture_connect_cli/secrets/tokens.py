"""Bearer tokens of the HTTP APIs: those of the installation itself, and those that people add and revoke.

The vault keeps the installation's own under "tokens", because its programs present them. Of an added one it keeps,
under "added_tokens", a hash only; "revoked_tokens" are the installation's own that must not come back. Each service
gets the hashes as a file, which it reads again when it changes (`culture_connect.http.tokens`).
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
from culture_connect.messaging.topology import OPERATOR, SERVICES
from culture_connect_cli.private_files import rewrite
from culture_connect_cli.secrets import store

TOKENS_FILE: Final = "tokens.json"

# The installation's own, by name.
OWN: Final[Mapping[str, list[str]]] = {
    "programme": ["programme"],
    OPERATOR: [OPERATOR],
    **{f"box-office.{venue}": [f"box-office:{venue}"] for venue in Venue},
}

_NAME: Final = re.compile(r"[a-z0-9._-]{1,100}")
_PARTNER: Final = re.compile(f"partner:{SLUG_PATTERN}")
_FIXED_SCOPES: Final = ("programme", OPERATOR, "mail", *(f"box-office:{venue}" for venue in Venue))


class TokenError(Exception):
    """A token cannot be added or revoked; the text says why and what was expected."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token besides its hash; `created_at` is None for the installation's own."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime | None = None
    expires_at: datetime | None = None


def add(folder: Path, name: str, scopes: Sequence[str], *, now: datetime, lifetime: timedelta | None = None) -> str:
    """Makes a token that the services take from now on, until `lifetime` is over, and returns it: nothing keeps it.

    Raises TokenError for a name or scope that cannot be or a name that exists, VaultError and OSError.
    """
    if not _NAME.fullmatch(name):
        raise TokenError(f"a token's name has 1 to 100 characters of a-z, 0-9, '.', '_' and '-', unlike {name!r}")
    if not scopes:
        raise TokenError(f"a token needs a scope: {_expected_scopes()}")
    token = secrets.token_urlsafe()
    entry = {
        "scopes": [_known_scope(scope) for scope in dict.fromkeys(scopes)],
        "sha256": _digest(token),
        "created_at": now.isoformat(timespec="seconds"),
        "expires_at": (now + lifetime).isoformat(timespec="seconds") if lifetime else None,
    }
    with _changing(folder) as content:
        if exists(content, name):
            raise TokenError(f"the token {name} exists: revoke it first, or choose another name")
        content.setdefault("added_tokens", {})[name] = entry
    return token


def revoke(folder: Path, name: str, *, now: datetime) -> None:
    """Ends a token for good; its name may be given again. Raises TokenError when there is none, VaultError, OSError."""
    with _changing(folder) as content:
        if not exists(content, name):
            raise TokenError(f"there is no token {name}")
        if content.get("added_tokens", {}).pop(name, None) is None:
            del content["tokens"][name]
            content.setdefault("revoked_tokens", {})[name] = now.isoformat(timespec="seconds")
            (folder / handed_out(name)).unlink(missing_ok=True)


def found(folder: Path) -> list[Token]:
    """The tokens that are not revoked: the installation's own, then those that were added, by name.

    Raises VaultError and OSError.
    """
    content = store.read(folder)
    own = [Token(name, tuple(OWN[name])) for name in content["tokens"] if name in OWN]
    added = [
        Token(name, tuple(entry["scopes"]), _moment(entry["created_at"]), _moment(entry["expires_at"]))
        for name, entry in sorted(content.get("added_tokens", {}).items())
    ]
    return own + added


def own_wanted(content: Mapping[str, Any]) -> list[str]:
    """The names of the installation's own tokens that there should be: not revoked, and not given to another."""
    taken = content.get("revoked_tokens", {}).keys() | content.get("added_tokens", {}).keys()
    return [name for name in OWN if name not in taken]


def exists(content: Mapping[str, Any], name: str) -> bool:
    """Whether the vault knows a token of this name that is not revoked."""
    return name in content["tokens"] or name in content.get("added_tokens", {})


def handed_out(name: str) -> str:
    """Where in the folder people find a token of the installation's own."""
    return f"{OPERATOR}/token-{name}"


def hashed(content: Mapping[str, Any]) -> str:
    """The tokens file of each service, from the content of the vault."""
    own = [
        {"name": name, "scopes": OWN[name], "sha256": _digest(token)}
        for name, token in content["tokens"].items()
        if name in OWN
    ]
    added = [
        {"name": name, "scopes": entry["scopes"], "sha256": entry["sha256"]}
        | ({"expires_at": entry["expires_at"]} if entry["expires_at"] else {})
        for name, entry in content.get("added_tokens", {}).items()
    ]
    return json.dumps(own + added, indent=1)


@contextmanager
def _changing(folder: Path) -> Iterator[dict[str, Any]]:
    """The content of the vault; what is changed in it is written to the services' files and to the vault."""
    with store.locked(folder):
        content = store.read(folder)
        yield content
        # The vault is the last: a command that fails on the way, or is killed, can simply be given again.
        for service in SERVICES:
            rewrite(folder / service / TOKENS_FILE, hashed(content))
        rewrite(store.vault_file(folder), json.dumps(content, indent=1))


def _known_scope(scope: str) -> str:
    if scope in _FIXED_SCOPES or _PARTNER.fullmatch(scope):
        return scope
    raise TokenError(f"{scope!r} is no scope; expected is {_expected_scopes()}")


def _expected_scopes() -> str:
    return f"{', '.join(_FIXED_SCOPES)}, or partner:SLUG"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
