"""Clients of the rate limits: found from a request before it is handled."""

import base64
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from culture_connect.http.limits import ClientKind
from culture_connect.http.tokens import Caller, Tokens
from culture_connect.http_settings import Network

_KEY: Final = secrets.token_bytes(32)  # of this process: the hashes reveal no secret


@dataclass(frozen=True, slots=True)
class Client:
    """A client with limits of its own; `key` is a keyed hash of the token, the link's secret or the address."""

    kind: ClientKind
    key: bytes


class ClientIdentifier:
    """Finds the clients of requests; `personal` are the paths below which the next part is the secret of a link."""

    def __init__(self, tokens: Tokens, *, trusted: Sequence[Network], personal: Collection[str]) -> None:
        self._tokens = tokens
        self._trusted = trusted
        self._personal = tuple(f"{prefix}/" for prefix in personal)

    def of(self, scope: Scope) -> tuple[Client, ...]:
        """Returns the owner of a known token, or else the link that is used, if any, and the address.

        A link may be made up, so it does not stand alone. The addresses of proxies are nobody's.
        """
        secret = _secret_of(Headers(scope=scope).get("authorization", ""))
        caller = self._tokens.caller(secret) if secret else None
        if secret and caller is not None:
            return (_client(_kind_of(caller), secret),)
        link = self._link(scope["path"]) or secret
        address = self._address(scope)
        return (
            *((_client(ClientKind.LINK, link),) if link else ()),
            *((_client(ClientKind.ADDRESS, address),) if address else ()),
        )

    def _link(self, path: str) -> str | None:
        for prefix in self._personal:
            if path.startswith(prefix):
                return path.removeprefix(prefix).partition("/")[0] or None
        return None

    def _address(self, scope: Scope) -> str | None:
        address = (scope.get("client") or ("",))[0]
        return None if not address or is_trusted(address, self._trusted) else str(address)


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Returns whether the address is that of a proxy. The path of a socket is not."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in trusted)


def _client(kind: ClientKind, text: str) -> Client:
    return Client(kind, blake2b(text.encode(errors="surrogatepass"), key=_KEY, digest_size=16).digest())


def _kind_of(caller: Caller) -> ClientKind:
    if caller.may("programme", "operator", "mail"):
        return ClientKind.TEAM
    return (
        ClientKind.BOX_OFFICE if any(scope.startswith("box-office:") for scope in caller.scopes) else ClientKind.PARTNER
    )


def _secret_of(authorization: str) -> str | None:
    scheme, _, text = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return text.strip() or None
        case "basic":
            try:
                return base64.b64decode(text, validate=True).decode().partition(":")[2] or None
            except ValueError:
                return None
        case _:
            return None
