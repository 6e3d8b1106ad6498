"""Authorities and certificates for tests, in a folder of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from culture_connect_cli.secrets import certificates
from culture_connect_cli.stack.rabbitmq.node import Tls

HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass
class Authority:
    """An authority with one certificate of a server, as PEM files."""

    folder: Path
    kept: dict[str, str]

    @classmethod
    def make(cls, folder: Path, *, hosts: tuple[str, ...] = HOSTS, now: datetime | None = None) -> "Authority":
        """A new one, for a server that is reached under `hosts`, from `now` on."""
        folder.mkdir(parents=True, exist_ok=True)
        authority = cls(folder, {})
        authority.issue(hosts=hosts, now=now)
        return authority

    def issue(self, *, hosts: tuple[str, ...] = HOSTS, now: datetime | None = None) -> None:
        """Another certificate from the same authority, in the same files."""
        self.kept.pop(certificates.BROKER, None)
        certificates.renew(self.kept, hosts, now or datetime.now(UTC))
        for file, name in ((self.tls.ca, "authority"), (self.tls.certificate, "broker"), (self.tls.key, "broker_key")):
            file.write_text(self.kept[name])

    @property
    def tls(self) -> Tls:
        """The files, as a node wants them."""
        return Tls(self.folder / "certificate.pem", self.folder / "key.pem", self.folder / "ca.pem")

    @property
    def ca_file(self) -> Path:
        """Returns the certificate that clients have to trust."""
        return self.tls.ca
