"""Links to personal pages: a secret that only the letter has, and the hash by which it is recognised."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import NamedTuple

SECRET_BYTES = 16  # 128 bits, as the design asks


class DrawnLink(NamedTuple):
    """A new link, and the hash of the secret in it."""

    url: str
    secret_sha256: bytes


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link to somebody's page, and the hash of the only address that may receive it."""

    url: str
    address_sha256: bytes | None


class Links:
    """Draws links below the address where participants reach the service."""

    def __init__(self, public_url: str) -> None:
        self._base = f"{public_url.rstrip('/')}/my/"

    def draw(self) -> DrawnLink:
        """Returns a link with a secret of its own."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        return DrawnLink(self._base + secret, digest_of(secret))


def digest_of(secret: str) -> bytes:
    """Returns the hash that is stored. A secret drawn at random cannot be guessed from it, so no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()
