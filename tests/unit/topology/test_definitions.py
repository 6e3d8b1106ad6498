"""The definitions document."""

import json

import pytest

from culture_connect.messaging.topology import Vhosts, definitions, is_password_of, password_hash


def test_an_account_is_written_only_when_its_hash_is_given() -> None:
    document = definitions(Vhosts(), ["acme"], ["paard"], {"hr.acme": "hash"})
    assert document["users"] == [
        {
            "name": "hr.acme",
            "password_hash": "hash",
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": [],
            "limits": {"max-connections": 2, "max-channels": 8},
        }
    ]
    assert {row["user"] for row in document["permissions"]} == {"hr.acme"}


def test_an_account_that_the_topology_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match=r"hr\.globex"):
        definitions(Vhosts(), ["acme"], (), {"hr.globex": "hash"})


def test_the_document_is_plain_json_and_the_same_every_time() -> None:
    first, second = (json.dumps(definitions(Vhosts(), ["acme"], ["paard"])) for _ in range(2))
    assert first == second


def test_the_hash_is_the_one_of_the_brokers_own_documentation() -> None:
    # https://www.rabbitmq.com/docs/passwords#computing-password-hash
    assert password_hash("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_a_password_is_recognised_by_its_hash() -> None:
    hashed = password_hash("one")
    assert is_password_of("one", hashed)
    assert not is_password_of("two", hashed)
    for unusable in ("", "not base64!", "AAAA"):
        assert not is_password_of("one", unusable)


def test_two_hashes_of_one_password_differ() -> None:
    assert password_hash("one") != password_hash("one")
