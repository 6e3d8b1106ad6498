"""Hashes under a key."""

import hashlib

import pytest

from culture_connect.messaging.keyed_hash import KeyedHash

KEYS = [bytes([number]) * 32 for number in range(2)]


def test_the_same_data_under_the_same_key_have_the_same_hash_and_under_another_key_another() -> None:
    first, again, other = (KeyedHash(key).of("body", b"e-1") for key in (KEYS[0], KEYS[0], KEYS[1]))
    assert first == again
    assert first != other
    assert len(first) == 16


def test_the_same_data_for_another_use_have_another_hash() -> None:
    hashes = KeyedHash(KEYS[0])
    assert hashes.of("body", b"e-1") != hashes.of("request", b"e-1")


def test_what_was_stored_as_a_plain_hash_can_be_keyed_without_the_data() -> None:
    hashes, plain = KeyedHash(KEYS[0]), hashlib.sha256(b"e-1").digest()
    for stored in (plain, plain[:16]):
        assert hashes.of_plain("inbox content", stored) == hashes.of("inbox content", b"e-1")


def test_a_key_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyedHash(b"short")
