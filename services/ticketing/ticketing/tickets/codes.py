"""Ticket codes: a compact JWS (RFC 7515) with EdDSA (RFC 8037) that names a ticket and its evening, and nobody.

The signing input is put together here, since of ten thousand codes only the payload differs: 48 us a code against
65 us through the library on the machine of the benchmarks. The key and its thumbprint (RFC 7638) are the library's.
"""

import hmac
import json
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import json_b64encode, urlsafe_b64decode, urlsafe_b64encode

from culture_connect.settings import SettingsError

# A code of ours has about 300 characters; nothing longer is worth decoding.
LONGEST_CODE = 600

# Which symbology was read, as scanners may put it before what they read (ISO/IEC 15424): `]Q1` for a QR code.
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")


def as_printed(read: str) -> str:
    """A code as it was printed, without what scanners put around it: a symbology, blanks, Enter, STX and the like.

    No code of ours begins or ends with any of these.
    """
    bare = _bare(read)
    symbology = _SYMBOLOGY.match(bare)
    return _bare(bare[symbology.end() :]) if symbology else bare


def _bare(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    """Whether it prints nothing: white space (Unicode's Z), control and format characters (Cc, Cf)."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


class SigningKeyError(SettingsError):
    """The signing key cannot be used; the text says why and quotes nothing of it."""

    def __init__(self, problem: str) -> None:
        super().__init__([f"CULTURE_CONNECT_SIGNING_KEY_FILE: {problem}"])


@dataclass(frozen=True, slots=True)
class SignedCode:
    """What a code of ours says. Of a ticket's codes only that of its last generation admits."""

    ticket_id: UUID
    generation: int


class Codes:
    """Makes and reads ticket codes with one Ed25519 key."""

    def __init__(self, key: OKPKey) -> None:
        private, public = key.private_key, key.public_key
        if not isinstance(private, Ed25519PrivateKey) or not isinstance(public, Ed25519PublicKey):
            raise SigningKeyError("this is not a private Ed25519 key")
        self._private, self._public = private, public
        self.kid = key.thumbprint()
        self._jwk = {**key.as_dict(private=False), "kid": self.kid, "alg": "EdDSA", "use": "sig"}
        self._header = json_b64encode({"alg": "EdDSA", "kid": self.kid})
        self._hash_key = sha256(b"scanned codes" + private.private_bytes_raw()).digest()

    @classmethod
    def from_file(cls, path: Path) -> "Codes":
        """Reads the key, a private JWK as JSON (RFC 8037)."""
        try:
            return cls(OKPKey.import_key(json.loads(path.read_text())))
        except (OSError, ValueError, JoseError):
            raise SigningKeyError("expected a file with a private JWK as JSON") from None

    @property
    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """The public half as a JWK set, for whoever wants to check codes."""
        return {"keys": [dict(self._jwk)]}

    def sign(self, ticket_id: UUID, evening_id: UUID, generation: int = 1) -> str:
        """The code of a ticket in its first or a later generation, which is the same each time it is asked for."""
        later = b',"generation":%d' % generation if generation > 1 else b""
        payload = b'{"ticket":"%s","evening":"%s"%s}' % (str(ticket_id).encode(), str(evening_id).encode(), later)
        signing_input = self._header + b"." + urlsafe_b64encode(payload)
        return (signing_input + b"." + urlsafe_b64encode(self._private.sign(signing_input))).decode()

    def as_signed(self, read: str) -> str:
        """What a scanner read, as we signed it: a keyboard with its Caps Lock on turns every letter's case round."""
        code = as_printed(read)
        swapped = code.swapcase()
        return swapped if swapped.encode(errors="surrogatepass").startswith(self._header + b".") else code

    def hash_of(self, code: str) -> bytes:
        """What a scanned code is known again by, and which tells nothing of it: it need not be one of ours."""
        return hmac.digest(self._hash_key, code.encode(errors="surrogatepass"), "sha256")

    def ticket_of(self, code: str) -> UUID | None:
        """The ticket that a code names, None when it is not a code that this key signed."""
        signed = self.read(code)
        return signed.ticket_id if signed else None

    def read(self, code: str) -> SignedCode | None:
        """What a code says, None when it is not a code that this key signed."""
        if len(code) > LONGEST_CODE or not code.isascii():
            return None
        header, _, rest = code.encode().partition(b".")
        payload, _, signature = rest.partition(b".")
        # Only the one header we write is ours: no algorithm or key is ever taken from the code.
        if header != self._header:
            return None
        try:
            self._public.verify(urlsafe_b64decode(signature), header + b"." + payload)
            said = json.loads(urlsafe_b64decode(payload))
            return SignedCode(UUID(said["ticket"]), int(said.get("generation", 1)))
        except (InvalidSignature, ValueError):
            return None
