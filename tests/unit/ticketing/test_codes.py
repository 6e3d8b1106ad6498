"""Ticket codes: what anybody can check, and what nobody can forge."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet, OKPKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from ticketing.tickets.codes import Codes, SignedCode, SigningKeyError

TICKET = UUID("6c1de8b6-2c1e-4a9c-a1fb-7b6cfb3f5a10")
EVENING = UUID("f0d5bb62-5d34-4f2b-9a4f-5d52d7c3b0aa")

# The key of RFC 8037, appendix A, and codes of it as they are printed on tickets, by generation.
KNOWN_KEY = OKPKey.import_key(
    {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
)
_HEADER = "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsifQ"
_TICKET = "eyJ0aWNrZXQiOiI2YzFkZThiNi0yYzFlLTRhOWMtYTFmYi03YjZjZmIzZjVhMTAiLCJldmVuaW5nIjoiZjBkNWJiNjItNWQzNC00ZjJiLTlh"
PRINTED = {
    1: f"{_HEADER}.{_TICKET}NGYtNWQ1MmQ3YzNiMGFhIn0."
    "LyOgt9KVzsnrurWE8bCgoWaFjG8vQ_QjLnQpQfhzWCYziLnh2-9Nuafemy6mrxIIJ6xArcNqzJgPCavqaR7sAA",
    2: f"{_HEADER}.{_TICKET}NGYtNWQ1MmQ3YzNiMGFhIiwiZ2VuZXJhdGlvbiI6Mn0."
    "bIhSpQ4Zu8rXnh0aB0Bu9LUFNAUbElzGgJ8uik_yF6Pqwu6xPf2QtqcR6oc9f1lgrPWohtj6N9N0EM7LNAnNDg",
}


@pytest.fixture
def key() -> OKPKey:
    return OKPKey.generate_key("Ed25519")


@pytest.fixture
def codes(key: OKPKey) -> Codes:
    return Codes(key)


@pytest.mark.parametrize("generation", [1, 2])
def test_a_ticket_has_the_code_that_is_printed_on_it_to_the_letter(generation: int) -> None:
    codes = Codes(KNOWN_KEY)
    assert codes.sign(TICKET, EVENING, generation) == PRINTED[generation]
    assert codes.read(PRINTED[generation]) == SignedCode(TICKET, generation)


def test_a_standard_library_verifies_a_code_with_the_published_keys(codes: Codes) -> None:
    published = KeySet.import_key_set(json.loads(json.dumps(codes.jwks)))
    with pytest.warns(SecurityWarning, match="RFC 9864"):  # the younger name of the algorithm is little known yet
        read = jws.deserialize_compact(codes.sign(TICKET, EVENING), published, algorithms=["EdDSA"])
    assert read.protected == {"alg": "EdDSA", "kid": codes.kid}
    assert json.loads(read.payload or b"") == {"ticket": str(TICKET), "evening": str(EVENING)}


def test_the_published_keys_hold_nothing_private_and_are_named_by_their_thumbprint(codes: Codes, key: OKPKey) -> None:
    [published] = codes.jwks["keys"]
    assert published["kid"] == key.thumbprint()
    assert "d" not in published


def test_the_same_ticket_has_always_the_same_code(codes: Codes) -> None:
    assert codes.sign(TICKET, EVENING) == codes.sign(TICKET, EVENING)


def test_a_code_leads_to_its_ticket(codes: Codes) -> None:
    assert codes.ticket_of(codes.sign(TICKET, EVENING)) == TICKET


def test_a_code_of_another_key_leads_nowhere(codes: Codes) -> None:
    assert codes.ticket_of(Codes(OKPKey.generate_key("Ed25519")).sign(TICKET, EVENING)) is None


def test_a_code_cannot_choose_its_algorithm(codes: Codes) -> None:
    _, payload, signature = codes.sign(TICKET, EVENING).split(".")
    unsigned = urlsafe_b64encode(json.dumps({"alg": "none", "kid": codes.kid}).encode()).decode()
    assert codes.ticket_of(f"{unsigned}.{payload}.{signature}") is None
    assert codes.ticket_of(f"{unsigned}.{payload}.") is None


def test_our_own_signature_under_another_header_leads_nowhere(codes: Codes, key: OKPKey) -> None:
    payload = json.dumps({"ticket": str(TICKET), "evening": str(EVENING)})
    for header in ({"alg": "Ed25519", "kid": codes.kid}, {"alg": "Ed25519"}, {"kid": codes.kid, "alg": "Ed25519"}):
        signed = jws.serialize_compact(header, payload, key, algorithms=["Ed25519"])
        assert codes.read(signed) is None


def test_a_changed_code_leads_nowhere(codes: Codes) -> None:
    header, payload, signature = codes.sign(TICKET, EVENING).split(".")
    other = urlsafe_b64decode(payload.encode()).replace(str(TICKET).encode(), str(EVENING).encode())
    assert codes.ticket_of(f"{header}.{urlsafe_b64encode(other).decode()}.{signature}") is None


@pytest.mark.parametrize("nonsense", ["", ".", "..", "a.b.c", "é.é.é", "\N{SNOWMAN}", "x" * 100_000, "=.=.="])
def test_nonsense_leads_nowhere(codes: Codes, nonsense: str) -> None:
    assert codes.ticket_of(nonsense) is None


@pytest.mark.parametrize("tail", ["", ".", "..", ".a.b", ".\x00.\x00", ".e30.AAAA"])
def test_nonsense_behind_our_header_leads_nowhere(codes: Codes, tail: str) -> None:
    assert codes.ticket_of(codes.sign(TICKET, EVENING).partition(".")[0] + tail) is None


@given(st.one_of(st.binary().map(urlsafe_b64encode).map(bytes.decode), st.text(max_size=200)), st.text(max_size=100))
def test_nothing_but_a_signature_leads_anywhere(payload: str, signature: str) -> None:
    codes = Codes(KNOWN_KEY)
    assert codes.read(f"{_HEADER}.{payload}.{signature}") is None
    assert codes.read(f"{payload}.{signature}") is None


def test_the_key_is_read_from_a_private_file(tmp_path: Path, key: OKPKey) -> None:
    path = tmp_path / "key.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(key.as_dict(private=True)))
    assert Codes.from_file(path).kid == key.thumbprint()


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}'])
def test_a_file_without_a_key_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(SigningKeyError, match="private JWK"):
        Codes.from_file(path)


@pytest.mark.parametrize("curve", ["Ed448", "X25519"])
def test_another_kind_of_key_is_refused(curve: str) -> None:
    with pytest.raises(SigningKeyError, match="Ed25519"):
        Codes(OKPKey.generate_key(curve))  # type: ignore[arg-type]  # the curves the library knows, as plain text


def test_a_public_key_is_refused(key: OKPKey) -> None:
    with pytest.raises(SigningKeyError, match="private"):
        Codes(OKPKey.import_key(key.as_dict(private=False)))


def test_a_later_generation_of_a_ticket_has_a_code_of_its_own(codes: Codes) -> None:
    first, second = codes.sign(TICKET, EVENING), codes.sign(TICKET, EVENING, 2)
    assert first == codes.sign(TICKET, EVENING, 1) != second
    read = [codes.read(code) for code in (first, second)]
    assert [(each.ticket_id, each.generation) for each in read if each] == [(TICKET, 1), (TICKET, 2)]
