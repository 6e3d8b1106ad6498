"""The secrets of a local stack."""

import json
from typing import Any

from culture_connect_cli.secrets import installation, store
from culture_connect_cli.secrets.certificates import CertificateError
from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.home import Home
from culture_connect_cli.stack.rabbitmq.node import Tls


class StackSecrets:
    """All secrets of the stack, made at the first start and kept as long as its folder."""

    def __init__(self, home: Home) -> None:
        self._folder = home.secrets
        self._secrets: dict[str, Any] = {}

    def provision(self, *, database: str, broker: str) -> None:
        """Makes missing secrets and writes the services' files; addresses are host:port. Raises StackError."""
        try:
            installation.provision(self._folder, installation.Addresses(database, broker))
            self._secrets = store.read(self._folder)
        except (store.SecretsError, CertificateError) as error:
            raise StackError(str(error)) from None

    def broker_password(self, account: str) -> str:
        """The password of the administrator, the operator or a service."""
        return str(self._secrets["broker"][account])

    def database_password(self, role: str) -> str:
        """The password of the superuser or a service."""
        return str(self._secrets["database"][role])

    @property
    def tokens(self) -> dict[str, str]:
        """The built-in bearer tokens of the HTTP APIs by name. Added tokens are known to nobody else."""
        return dict(self._secrets["tokens"])

    @property
    def tls(self) -> Tls:
        """The broker's certificate, key and authority."""
        folder = self._folder / installation.BROKER
        names = (installation.CERTIFICATE_FILE, installation.CERTIFICATE_KEY_FILE, installation.CA_FILE)
        return Tls(*(folder / name for name in names))

    @property
    def definitions(self) -> dict[str, Any]:
        """The broker's definitions: topology, and the accounts of services and people."""
        file = self._folder / installation.BROKER / installation.DEFINITIONS_FILE
        definitions: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return definitions
