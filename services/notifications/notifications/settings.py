"""What notifications is told from outside."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from culture_connect.contracts import Venue
from culture_connect.settings import ServiceSettings
from notifications.delivery.smtp import MailServer, Tls
from notifications.domain.timing import Patience
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

    # Where addressees reach the pages of this service: links to switch reminders off begin with it.
    public_url: Annotated[str, Field(pattern=r"^https?://[^/]")] = "http://127.0.0.1:8003"
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_tls: Tls = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    # Of a mail server whose certificate nobody else vouches for.
    smtp_ca_file: Path | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] = "Culture Connect <avond@cultureconnect.example>"
    # What Message-IDs and calendar ids end in: changing it makes known letters and entries strangers.
    mail_domain: str = Field(default="cultureconnect.example", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    # Where answers go: the venue's own address, by slug. Without one they go to the sender.
    mail_reply_to: dict[Venue, Annotated[str, AfterValidator(_address)]] = Field(default_factory=dict)
    # A private key in PEM makes every letter signed (DKIM, RFC 6376); its public half is in the DNS of the domain.
    dkim_key_file: Path | None = None
    dkim_selector: str = Field(default="letters", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")
    mail_connections: int = Field(default=4, ge=1, le=50)
    # Seconds until a letter whose sender vanished is sent again.
    mail_claim_seconds: float = Field(default=60.0, ge=1.0, le=3600.0)
    # Letters a second for all replicas together; none: as fast as the mail server takes them.
    mail_per_second: float | None = Field(default=None, ge=1.0, le=10_000.0)
    # Seconds that a letter waits for what belongs with it: see `Patience`.
    mail_welcome_seconds: float = Field(default=60.0, ge=0.0, le=3600.0)
    mail_ticket_seconds: float = Field(default=5.0, ge=0.0, le=3600.0)
    mail_change_seconds: float = Field(default=300.0, ge=0.0, le=3600.0)
    # Days until of a letter only the record is kept.
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
        """Where letters go."""
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
    def patience(self) -> Patience:
        """How long letters wait for others."""
        return Patience(self.mail_welcome_seconds, self.mail_ticket_seconds, self.mail_change_seconds)

    @property
    def kept_for(self) -> timedelta:
        """How long contents are kept."""
        return timedelta(days=self.mail_kept_days)

    @property
    def signer(self) -> Signer | None:
        """Who signs letters, None when nobody does. Raises DkimKeyError for a key that cannot be used."""
        if self.dkim_key_file is None:
            return None
        domain = parseaddr(self.mail_from)[1].partition("@")[2]
        return Signer.from_file(self.dkim_key_file, domain=domain, selector=self.dkim_selector)
