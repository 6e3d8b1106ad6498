"""Signed mails, checked as receivers check them (RFC 6376)."""

import base64
import re
from functools import cache
from pathlib import Path

import dkim  # type: ignore[import-untyped]  # it comes without types
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from notifications.domain.catalogue import Kind
from notifications.rendering.composer import Composer
from notifications.rendering.dkim_signer import DkimKeyError, Signer
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.composed import PUBLIC_URL, SETTINGS, a_mail

DOMAIN, SELECTOR = "cultureconnect.example", "letters"


@cache
def key() -> rsa.RSAPrivateKey:
    """A key of the least length, which takes least time."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # speed is all it is for


def pem(form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """The key as it stands in a file."""
    return key().private_bytes(Encoding.PEM, form, NoEncryption())


def dns(name: bytes, timeout: int = 5) -> bytes:
    """The public half, where a receiver looks for it."""
    assert name == f"{SELECTOR}._domainkey.{DOMAIN}.".encode()
    public = key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@cache
def signed(kind: Kind = Kind.TICKET_ISSUED) -> bytes:
    """A mail that was signed on its way out."""
    signer = Signer(DOMAIN, SELECTOR, pem())
    return Composer(Renderer(public_url=PUBLIC_URL), **SETTINGS | {"signer": signer}).mail(a_mail(kind)).message


def holds(message: bytes) -> bool:
    """Tells whether a receiver believes the signature."""
    return bool(dkim.verify(message, dnsfunc=dns))


@pytest.mark.parametrize("kind", sorted(Kind))
def test_a_receiver_believes_what_we_signed(kind: Kind) -> None:
    assert holds(signed(kind))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\nFrom: Culture Connect", b"\r\nFrom: Culture Konnect"),
        (b"zoe@acme.example", b"eoz@acme.example"),
        (b"\r\nDate: Thu, 01 Oct", b"\r\nDate: Fri, 02 Oct"),
        (b"\r\nMessage-ID: <0b", b"\r\nMessage-ID: <1b"),
        (b"\r\nReply-To: kassa@", b"\r\nReply-To: dief@"),
        (b"\r\nSubject: ", b"\r\nSubject: Re: "),
        (b"/unsubscribe/c8", b"/unsubscribe/d8"),
        (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", b""),
        (b"multipart/alternative", b"multipart/mixed"),
        (b"Prinsegracht", b"Prinsengracht"),
    ],
)
def test_it_holds_no_longer_when_something_changed(old: bytes, new: bytes) -> None:
    message = signed(Kind.REMINDER_WEEK)
    assert old in message
    assert not holds(message.replace(old, new, 1))


def test_the_way_to_switch_letters_off_cannot_be_taken_away() -> None:
    message = signed(Kind.REMINDER_WEEK)
    without = re.sub(rb"\r\nList-Unsubscribe: <[^>]+>", b"", message)
    assert without != message
    assert not holds(without)


@pytest.mark.parametrize(
    "header",
    [b"From: a@b.example", b"Subject: Win", b"Reply-To: a@b.example", b"List-Unsubscribe: <https://b.example>"],
)
def test_nobody_can_add_a_header_that_readers_go_by(header: bytes) -> None:
    message = signed()
    assert not holds(header + b"\r\n" + message)
    assert not holds(message.replace(b"\r\nMIME-Version", b"\r\n" + header + b"\r\nMIME-Version", 1))


def test_servers_on_the_way_may_fold_and_add_their_own() -> None:
    message = signed()
    assert holds(b"Received: from a by b\r\n" + message.replace(b"Auto-Submitted: ", b"Auto-Submitted:  "))


def test_the_signature_is_as_of_the_moment_of_writing_and_the_same_each_time() -> None:
    assert signed() == signed.__wrapped__()
    assert b" t=1790856000;" in signed().partition(b"From:")[0].replace(b"\r\n", b"")


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_key_file_is_taken_in_either_form(tmp_path: Path, form: PrivateFormat, line_end: bytes) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem(form).replace(b"\n", line_end))
    path.chmod(0o600)
    signer = Signer.from_file(path, domain=DOMAIN, selector=SELECTOR)
    message = Composer(Renderer(public_url=PUBLIC_URL), **SETTINGS | {"signer": signer}).mail(a_mail()).message
    assert message == signed()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem())
    path.chmod(0o640)
    with pytest.raises(DkimKeyError, match="CULTURE_CONNECT_DKIM_KEY_FILE: the file must be private"):
        Signer.from_file(path, domain=DOMAIN, selector=SELECTOR)


def test_a_key_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DkimKeyError, match="cannot be opened"):
        Signer.from_file(tmp_path / "none", domain=DOMAIN, selector=SELECTOR)


def damaged() -> bytes:
    """A key with another number in one of its places, still in the form of a key."""
    numbers = base64.b64decode(b"".join(pem(PrivateFormat.TraditionalOpenSSL).splitlines()[1:-1]))
    swapped = numbers[:-10] + bytes([numbers[-10] ^ 1]) + numbers[-9:]
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(swapped) + b"-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("unusable", "problem"),
    [
        (b"", "in PEM"),
        (b"hello", "in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", "in PEM"),
        (key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "in PEM"),
        (key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "without a passphrase"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "an RSA key|private RSA key",
        ),
        (damaged(), "damaged"),
    ],
    ids=["empty", "no key", "too short", "no base64", "public", "with a passphrase", "of another kind", "damaged"],
)
def test_an_unusable_key_is_refused_at_once_and_not_quoted(unusable: bytes, problem: str) -> None:
    with pytest.raises(DkimKeyError, match=problem) as refusal:
        Signer(DOMAIN, SELECTOR, unusable)
    assert str(refusal.value).count("CULTURE_CONNECT_DKIM_KEY_FILE") == 1
    assert not any(line in str(refusal.value).encode() for line in unusable.splitlines()[1:-1])


def test_a_key_that_nobody_accepts_for_its_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.rendering.dkim_signer._LEAST_BITS", 1025)
    with pytest.raises(DkimKeyError, match="at least"):
        Signer(DOMAIN, SELECTOR, pem())
