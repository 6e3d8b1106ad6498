"""The key of keyed hashes in tests: one for all, since databases are used again."""

from typing import Final

from culture_connect.messaging.keyed_hash import KeyedHash

HASH_KEY: Final = "5a" * 32
HASHES: Final = KeyedHash(bytes.fromhex(HASH_KEY))
