"""Servers and lines that misbehave as they are told, and a mail to try them with."""

from collections.abc import Sequence

from notifications.delivery.smtp_connection import MailServer, SmtpConnection
from notifications.rendering.composer import Mail
from tests.support.smtp_sink import Mood, Sink

ENVELOPE_ID = "1@cultureconnect.example"
MAIL = Mail(
    "avond@cultureconnect.example",
    "zoe@acme.example",
    b"Message-ID: <1@cultureconnect.example>\r\n\r\nTot dan\r\n",
    ENVELOPE_ID,
)
TO_ANOTHER = Mail(MAIL.sender, "max@acme.example", MAIL.message)
SENDER, RECIPIENT = "MAIL FROM:<avond@cultureconnect.example>", "RCPT TO:<zoe@acme.example>"


def line_to(sink: Sink, seconds: float = 5) -> SmtpConnection:
    """A line to it, with the seconds for a step."""
    return SmtpConnection(MailServer("127.0.0.1", sink.port, timeout=seconds))


def answers(**by_step: str | Sequence[str]) -> Mood:
    """These answers to the steps, each once, one after the other when there are several, and then friendly ones."""
    left = {step.upper(): [by] if isinstance(by, str) else list(by) for step, by in by_step.items()}
    return lambda step, _argument: left[step].pop(0) if left.get(step) else None
