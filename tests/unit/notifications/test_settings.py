"""Settings that would send letters badly are refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

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
