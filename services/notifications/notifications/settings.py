"""The settings of notifications."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from culture_connect.contracts import Venue
from culture_connect.settings import ServiceSettings
from notifications.delivery.smtp_connection import MailServer, Tls
from notifications.domain.schedule import Delays
from notifications.rendering.dkim_signer import Signer
from notifications.rendering.sanitize import UnusableAddressError, ascii_address, one_line


def _address(value: str) -> str:
    try:
        return ascii_address(value)
    except UnusableAddressError:
        raise ValueError("expected a plain address such as kassa@example.com") from None


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
    """The settings of any service, the mail server, and how letters are signed and timed."""

    # Where addressees reach the pages of this service: unsubscribe links begin with it.
    public_url: Annotated[str, Field(pattern=r"^https?://[^/]")] = "http://127.0.0.1:8003"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_tls: Tls = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    # The certificate authority of a mail server that has its own.
    smtp_ca_file: Path | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] = "Culture Connect <avond@cultureconnect.example>"
    # The end of Message-IDs and calendar ids: with another one, known letters and entries are not recognized.
    mail_domain: str = Field(default="cultureconnect.example", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    # The addresses for answers, by slug of the venue. Without one they go to the sender.
    mail_reply_to: dict[Venue, Annotated[str, AfterValidator(_address)]] = Field(default_factory=dict)
    # A private key in PEM signs every letter (DKIM, RFC 6376); its public half is in the DNS of the domain.
    dkim_key_file: Path | None = None
    dkim_selector: str = Field(default="letters", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    mail_connections: int = Field(default=4, ge=1, le=50)
    # Seconds until a mail whose sender vanished is sent again.
    mail_claim_seconds: float = Field(default=60.0, ge=1.0, le=3600.0)
    # Mails a second for all replicas together; none: as fast as the mail server takes them.
    mail_per_second: float | None = Field(default=None, ge=1.0, le=10_000.0)
    # Seconds that a letter waits for what belongs with it: see `Delays`.
    mail_welcome_seconds: float = Field(default=60.0, ge=0.0, le=3600.0)
    mail_ticket_seconds: float = Field(default=5.0, ge=0.0, le=3600.0)
    mail_change_seconds: float = Field(default=300.0, ge=0.0, le=3600.0)
    # Days until only the record of a letter is kept.
    mail_kept_days: int = Field(default=30, ge=1, le=3650)

    @model_validator(mode="after")
    def _password_is_protected(self) -> Self:
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USERNAME and SMTP_PASSWORD belong together")
        if self.smtp_password is not None and self.smtp_tls == "none":
            raise ValueError("SMTP_TLS: a password goes over starttls or tls only")
        return self

    @property
    def mail_server(self) -> MailServer:
        """Returns the mail server."""
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            tls=self.smtp_tls,
            username=self.smtp_username,
            password=self.smtp_password.get_secret_value() if self.smtp_password else None,
            ca_file=self.smtp_ca_file,
            hello=self.mail_domain,
            timeout=min(20.0, self.mail_claim_seconds / 4),
        )

    @property
    def delays(self) -> Delays:
        """Returns how long letters wait for others."""
        return Delays(self.mail_welcome_seconds, self.mail_ticket_seconds, self.mail_change_seconds)

    @property
    def kept_for(self) -> timedelta:
        """Returns how long contents are kept."""
        return timedelta(days=self.mail_kept_days)

    @property
    def signer(self) -> Signer | None:
        """Returns the DKIM signer, None without a key. Raises DkimKeyError for a key that cannot be used."""
        if self.dkim_key_file is None:
            return None
        domain = parseaddr(self.mail_from)[1].partition("@")[2]
        return Signer.from_file(self.dkim_key_file, domain=domain, selector=self.dkim_selector)
