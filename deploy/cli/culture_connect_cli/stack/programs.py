"""The secrets of a local stack, and its programs with what each of them is told."""

import json
from collections.abc import Mapping
from typing import Any

from culture_connect.messaging.topology import NOTIFICATIONS, SERVICES, TICKETING
from culture_connect_cli.secrets import provisioning, store, tokens
from culture_connect_cli.secrets.certificates import CertificateError
from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.home import Home
from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.program import Program
from culture_connect_cli.stack.rabbitmq.node import Tls

MAILBOX = "mailbox"
SMTP = "smtp"


class Vault:
    """All secrets of the stack; made at the first start, kept as long as its folder."""

    def __init__(self, home: Home) -> None:
        self._folder = home.secrets
        self._secrets: dict[str, Any] = {}

    def deal_out(self, *, database: str, broker: str) -> None:
        """Makes what is missing, and gives each service its files; addresses are host:port. Raises StackError."""
        try:
            provisioning.deal_out(self._folder, provisioning.Addresses(database, broker))
            self._secrets = store.read(self._folder)
        except (store.VaultError, CertificateError) as error:
            raise StackError(str(error)) from None

    def broker_password(self, account: str) -> str:
        """Of the administrator, the operator or a service."""
        return str(self._secrets["broker"][account])

    def database_password(self, role: str) -> str:
        """Of the superuser or a service."""
        return str(self._secrets["database"][role])

    @property
    def tokens(self) -> dict[str, str]:
        """Bearer tokens of the HTTP APIs by their name, without those that were added: nobody else knows them."""
        return dict(self._secrets["tokens"])

    @property
    def tls(self) -> Tls:
        """What the broker proves itself with."""
        folder = self._folder / provisioning.BROKER
        names = (provisioning.CERTIFICATE_FILE, provisioning.CERTIFICATE_KEY_FILE, provisioning.CA_FILE)
        return Tls(*(folder / name for name in names))

    @property
    def definitions(self) -> dict[str, Any]:
        """The broker's definitions: topology, and the accounts of services and people."""
        file = self._folder / provisioning.BROKER / provisioning.DEFINITIONS_FILE
        definitions: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return definitions


def services(home: Home, ports: Mapping[str, int]) -> list[Program]:
    """The three services, not started; their secrets come from files that only they are told of."""
    return [
        Program(
            name=service,
            module=service,
            arguments=["serve"],
            folder=home.folder / "run" / service,
            log=home.logs / f"{service}.log",
            ready_url=f"http://{LOOPBACK}:{ports[service]}/health/ready",
            environment=_environment(service, home, ports),
        )
        for service in SERVICES
    ]


def mailbox(home: Home, ports: Mapping[str, int]) -> Program:
    """The mailbox, not started."""
    folder = home.folder / MAILBOX
    return Program(
        name=MAILBOX,
        module="culture_connect_cli.mailbox",
        arguments=[f"--folder={folder}", f"--smtp-port={ports[SMTP]}", f"--http-port={ports[MAILBOX]}"],
        folder=home.folder / "run" / MAILBOX,
        log=home.logs / "mailbox.log",
        ready_url=f"http://{LOOPBACK}:{ports[MAILBOX]}/api/messages?to=nobody",
    )


def _environment(service: str, home: Home, ports: Mapping[str, int]) -> dict[str, str]:
    secrets = home.secrets / service
    told = {
        "SECRETS_DIR": str(secrets),
        "TOKENS_FILE": str(secrets / tokens.TOKENS_FILE),
        "HTTP_HOST": LOOPBACK,
        "HTTP_PORT": str(ports[service]),
    }
    if service == TICKETING:
        told |= {
            "SIGNING_KEY_FILE": str(secrets / provisioning.SIGNING_KEY_FILE),
            "PUBLIC_URL": f"http://{LOOPBACK}:{ports[service]}",
        }
    if service == NOTIFICATIONS:
        told |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(ports[SMTP]), "SMTP_TLS": "none"}
        told |= {"PUBLIC_URL": f"http://{LOOPBACK}:{ports[service]}"}
        # Who watches has less patience than letters usually have with what may come beside them.
        told |= {"MAIL_WELCOME_SECONDS": "2", "MAIL_TICKET_SECONDS": "0.5", "MAIL_CHANGE_SECONDS": "3"}
        # The mailbox answers at once: letters of a sender that died need not wait for the slowest of servers.
        told |= {"MAIL_CLAIM_SECONDS": "20"}
    return {f"CULTURE_CONNECT_{name}": value for name, value in told.items()}
