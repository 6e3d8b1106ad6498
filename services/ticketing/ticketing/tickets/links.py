"""Links to personal pages: a secret that only the letter has, and the hash by which we know it."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

SECRET_BYTES = 16  # 128 bits, as the design asks


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one person for one evening, before its hash is written down."""

    evening_id: UUID
    participant_id: UUID
    secret_sha256: bytes


class Links:
    """Makes links below the address where participants reach the service."""

    def __init__(self, public_url: str) -> None:
        self._base = f"{public_url.rstrip('/')}/my/"

    def make(self, evening_id: UUID, participant_ids: Sequence[UUID]) -> tuple[list[str], list[Page]]:
        """A new link for each of these people to their page for the evening; both lists in their order."""
        drawn = [secrets.token_urlsafe(SECRET_BYTES) for _ in participant_ids]
        pages = [
            Page(evening_id, participant, digest_of(secret))
            for participant, secret in zip(participant_ids, drawn, strict=True)
        ]
        return [self._base + secret for secret in drawn], pages


def digest_of(secret: str) -> bytes:
    """What is kept of a secret. Drawn at random it cannot be guessed from its hash, so no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()
