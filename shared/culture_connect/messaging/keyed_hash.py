"""Hashes that reveal nothing to whoever reads the database or a log.

What is hashed here can be guessed: employee references are few and short, and so are the bodies made of them. A plain
hash of such a body is found again in less than a second, long after the person was erased. So hashes are made with a
key that the database does not hold.
"""

import re
from hashlib import blake2b, sha256
from typing import Final, Literal

SIZE: Final = 16  # bytes: more than anybody finds a collision for, and the width of a UUID
KEY_SIZE: Final = 32  # bytes

_ID_TO_SHOW = re.compile(r"[A-Za-z0-9._:-]{1,64}")

Use = Literal["inbox message", "inbox content", "request", "body", "message id", "offered to"]
"""What a hash is for; the same data for two uses have nothing in common. At most 16 bytes, says BLAKE2."""


class KeyedHash:
    """Hashes under one key: 32 secret bytes, to be kept; with another key nothing is recognised.

    BLAKE2b in its keyed mode (RFC 7693), over a SHA-256 of the data: so what earlier releases stored, which is that
    SHA-256, could be keyed without the data.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"expected a key of {KEY_SIZE} bytes")
        self._key = key

    def of(self, use: Use, data: bytes) -> bytes:
        """`SIZE` bytes for the data."""
        return self.of_plain(use, sha256(data).digest())

    def of_plain(self, use: Use, plain: bytes) -> bytes:
        """The same, of data whose SHA-256 begins with `plain` (`SIZE` bytes of it, or more)."""
        return blake2b(plain[:SIZE], digest_size=SIZE, key=self._key, person=use.encode()).digest()

    def shown_id(self, message_id: str | None) -> str | None:
        """A message's id as a log shows it: one that is a name of things, and eight digits of its hash otherwise.

        Its sender chose it, and may have chosen an address or a text.
        """
        if message_id is None or _ID_TO_SHOW.fullmatch(message_id):
            return message_id
        return f"hash:{self.of('message id', message_id.encode(errors='replace')).hex()[:8]}"
