"""Settings that would send letters badly are refused."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from notifications.rendering.dkim_signer import DkimKeyError
from notifications.settings import NotificationsSettings


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The least that is needed."""
    tokens = tmp_path / "tokens.json"
    tokens.touch(mode=0o600)
    return {
        "database_url": "postgresql://notifications:x@127.0.0.1/culture",
        "core_url": "amqp://notifications:x@127.0.0.1/core",
        "tokens_file": tokens,
        "hash_key": "0" * 64,
    }


def test_a_mail_server_on_this_machine_is_enough(given: dict[str, Any]) -> None:
    server = NotificationsSettings(**given).mail_server
    assert (server.host, server.port, server.tls, server.hello) == ("127.0.0.1", 25, "none", "cultureconnect.example")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mail_from": "Culture Connect"}, "expected an address"),
        (
            {"mail_from": "Culture Connect <avond@cultureconnect.example\r\nBcc: thief@evil.example>"},
            "expected an address",
        ),
        ({"mail_domain": "culture connect"}, "pattern"),
        ({"smtp_username": "letters"}, "belong together"),
        ({"smtp_username": "letters", "smtp_password": "secret"}, "starttls or tls only"),
        ({"smtp_tls": "perhaps"}, "'none', 'starttls' or 'tls'"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refusal:
        NotificationsSettings(**(given | wrong))
    assert "secret" not in str(refusal.value)


def test_the_password_is_not_shown(given: dict[str, Any]) -> None:
    settings = NotificationsSettings(**given, smtp_username="letters", smtp_password="secret", smtp_tls="tls")
    assert settings.mail_server.password == "secret"
    assert "secret" not in repr(settings) + repr(settings.mail_server)


def test_without_a_key_nobody_signs_and_with_one_the_sender_does(given: dict[str, Any], tmp_path: Path) -> None:
    assert NotificationsSettings(**given).signer is None
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    file = tmp_path / "dkim.pem"
    file.touch(mode=0o600)
    file.write_bytes(pem)
    signer = NotificationsSettings(**given, dkim_key_file=file, mail_from="Letters <letters@paard.example>").signer
    assert signer is not None
    assert b"d=paard.example;" in signer.sign(b"From: <letters@paard.example>\r\n\r\nHi\r\n", datetime.now(UTC))
    file.chmod(0o644)
    with pytest.raises(DkimKeyError, match="private"):
        _ = NotificationsSettings(**given, dkim_key_file=file).signer
