"""The signature of a mail by the sender's domain (DKIM, RFC 6376)."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import dkim  # type: ignore[import-untyped]  # it comes without types
from dkim.asn1 import ASN1FormatError  # type: ignore[import-untyped]
from dkim.crypto import (  # type: ignore[import-untyped]
    DigestTooLargeError,
    RSASSA_PKCS1_v1_5_sign,
    RSASSA_PKCS1_v1_5_verify,
    UnparsableKeyError,
    parse_pem_private_key,
)

from culture_connect.settings import PREFIX, SettingsError, private_file

_VARIABLE = f"{PREFIX}DKIM_KEY_FILE"
_LEAST_BITS = 1024  # RFC 8301, 3.2: shorter keys are not accepted by anybody

# List-Unsubscribe and its companion have to be signed for one click to be trusted (RFC 8058, 4).
_SIGNED = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post"),
)


class DkimKeyError(SettingsError):
    """The key cannot be used to sign mails; the text does not quote it."""

    def __init__(self, problem: str) -> None:
        super().__init__([f"{_VARIABLE}: {problem}"])


class Signer:
    """Signs mails as `domain` with the RSA key (PEM) whose public half is at `selector` in the DNS.

    Raises DkimKeyError for a key that is none, or too short.
    """

    def __init__(self, domain: str, selector: str, key: bytes) -> None:
        self._domain = domain.encode("ascii")
        self._selector = selector.encode("ascii")
        self._key = b"\n".join(key.split(b"\r\n"))
        try:
            bits, sound = _inspect(self._key)
        except (UnparsableKeyError, ASN1FormatError, DigestTooLargeError, ArithmeticError, ValueError, LookupError):
            raise DkimKeyError("expected a private RSA key in PEM, without a passphrase") from None
        if bits < _LEAST_BITS:
            raise DkimKeyError(f"expected a key of at least {_LEAST_BITS} bits, better 2048")
        if not sound:
            raise DkimKeyError("this RSA key is damaged: nobody could check what it signs")

    @classmethod
    def from_file(cls, path: Path, *, domain: str, selector: str) -> Self:
        """A signer with the key in this file. Raises DkimKeyError, also for a file that others can read."""
        try:
            key = private_file(path).read_bytes()
        except OSError as error:
            raise DkimKeyError(f"the file cannot be read ({error.strerror})") from None
        except ValueError as error:
            raise DkimKeyError(str(error)) from None
        return cls(domain, selector, key)

    def sign(self, message: bytes, at: datetime) -> bytes:
        """Returns the message with its signature above it, as of that moment: the same bytes each time."""
        signature: bytes = _SignatureAsOf(message, at).sign(
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            # Once more than they occur: nobody can put another above them (RFC 6376, 8.15).
            include_headers=[*_SIGNED, *_SIGNED],
        )
        return signature + message


def _inspect(key: bytes) -> tuple[int, bool]:
    """Returns how many bits the key has, and whether its halves belong together."""
    parts = parse_pem_private_key(key)
    probe = hashlib.sha256()
    sound = RSASSA_PKCS1_v1_5_verify(probe, RSASSA_PKCS1_v1_5_sign(probe, parts), parts)
    return parts["modulus"].bit_length(), sound


class _SignatureAsOf(dkim.DKIM):  # type: ignore[misc]  # of a class without types
    """A signature whose `t=` is told; the library knows only the clock."""

    def __init__(self, message: bytes, at: datetime) -> None:
        super().__init__(message)
        self._at = str(int(at.timestamp())).encode("ascii")

    def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: Any, **named: Any) -> bytes:
        as_of = [(tag, self._at if tag == b"t" else value) for tag, value in fields]
        return bytes(super().gen_header(as_of, *rest, **named))
