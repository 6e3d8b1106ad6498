"""What notifications is told from outside."""

from email.utils import parseaddr
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from culture_connect.settings import ServiceSettings
from notifications.rendering.safe import UnusableAddressError, ascii_address, one_line
from notifications.sending.smtp import MailServer, Tls


def _sender(value: str) -> str:
    try:
        ascii_address(parseaddr(value)[1])
    except UnusableAddressError:
        usable = False
    else:
        usable = one_line(value) == value
    if not usable:
        raise ValueError("expected an address such as Culture Connect <avond@example.com>")
    return value


class NotificationsSettings(ServiceSettings):
    """The settings of any service, the mail server, and how letters are signed."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_tls: Tls = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] = "Culture Connect <avond@cultureconnect.example>"
    # What Message-IDs and calendar ids end in: changing it makes known letters and entries strangers.
    mail_domain: str = Field(default="cultureconnect.example", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    mail_connections: int = Field(default=4, ge=1, le=50)
    # Seconds until a letter whose sender vanished is sent again.
    mail_claim_seconds: float = Field(default=60.0, ge=1.0, le=3600.0)

    @model_validator(mode="after")
    def _password_is_protected(self) -> Self:
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USERNAME and SMTP_PASSWORD belong together")
        if self.smtp_password is not None and self.smtp_tls == "none":
            raise ValueError("SMTP_TLS: a password goes over starttls or tls only")
        return self

    @property
    def mail_server(self) -> MailServer:
        """Where letters go."""
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            tls=self.smtp_tls,
            username=self.smtp_username,
            password=self.smtp_password.get_secret_value() if self.smtp_password else None,
            hello=self.mail_domain,
            timeout=min(20.0, self.mail_claim_seconds / 4),
        )
