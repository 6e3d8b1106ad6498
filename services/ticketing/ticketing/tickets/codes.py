"""Ticket codes: a compact JWS (RFC 7515) with EdDSA (RFC 8037) that names a ticket and its evening, and nobody."""

import hmac
import json
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey
from joserfc.util import json_b64encode

from culture_connect.settings import SettingsError

# A code of ours has about 300 characters; nothing longer is worth decoding.
LONGEST_CODE = 600
ALGORITHM = "EdDSA"

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
    """Tells whether it prints nothing: white space (Unicode's Z), control and format characters (Cc, Cf)."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


class SigningKeyError(SettingsError):
    """The signing key cannot be used; the text says why and quotes nothing of it."""

    def __init__(self, problem: str) -> None:
        super().__init__([f"CULTURE_CONNECT_SIGNING_KEY_FILE: {problem}"])


class _EdDSAOnly(jws.JWSRegistry):
    """Knows EdDSA and no other algorithm.

    The library's own registry warns at each code that RFC 9864 renames EdDSA to Ed25519. Codes that are printed, and
    scanners that check them, know the older name.
    """

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class SignedCode:
    """The content of a code of ours. Of a ticket's codes only that of its last generation admits."""

    ticket_id: UUID
    generation: int


class Codes:
    """Makes and reads ticket codes with one Ed25519 key."""

    def __init__(self, key: OKPKey) -> None:
        private = key.private_key
        if not isinstance(private, Ed25519PrivateKey):
            raise SigningKeyError("this is not a private Ed25519 key")
        self._key = key
        self._registry = _EdDSAOnly()
        self.kid = key.thumbprint()
        self._jwk = {**key.as_dict(private=False), "kid": self.kid, "alg": ALGORITHM, "use": "sig"}
        self._header = {"alg": ALGORITHM, "kid": self.kid}
        self._head = json_b64encode(self._header).decode() + "."
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
        claims: dict[str, object] = {"ticket": str(ticket_id), "evening": str(evening_id)}
        if generation > 1:
            claims["generation"] = generation
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(self._header, payload, self._key, registry=self._registry)

    def as_signed(self, read: str) -> str:
        """Returns what a scanner read as we signed it: a keyboard with Caps Lock on turns every letter's case round."""
        code = as_printed(read)
        swapped = code.swapcase()
        return swapped if swapped.startswith(self._head) else code

    def hash_of(self, code: str) -> bytes:
        """Returns a keyed hash, by which a scanned code is recognised and which tells nothing of it; of any code."""
        return hmac.digest(self._hash_key, code.encode(errors="surrogatepass"), "sha256")

    def ticket_of(self, code: str) -> UUID | None:
        """The ticket that a code names, None when it is not a code that this key signed."""
        signed = self.read(code)
        return signed.ticket_id if signed else None

    def read(self, code: str) -> SignedCode | None:
        """Returns the content of a code, None when it is not a code that this key signed."""
        # Only the one header we write is ours: no algorithm or key is ever taken from the code.
        if len(code) > LONGEST_CODE or not code.isascii() or not code.startswith(self._head):
            return None
        try:
            verified = jws.deserialize_compact(code, self._key, registry=self._registry)
        except JoseError:
            return None
        claims = json.loads(verified.payload)
        return SignedCode(UUID(claims["ticket"]), int(claims.get("generation", 1)))
