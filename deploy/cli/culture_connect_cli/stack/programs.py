"""The programs of a local stack: the services and the mailbox, with their settings."""

from collections.abc import Mapping

from culture_connect_cli.secrets import installation, tokens
from culture_connect_cli.services import NOTIFICATIONS, SERVICES, TICKETING
from culture_connect_cli.stack.home import Home
from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.program import Program

MAILBOX = "mailbox"
SMTP = "smtp"


def services(home: Home, ports: Mapping[str, int]) -> list[Program]:
    """The services, not started; their secrets are in files."""
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
    settings = {
        "SECRETS_DIR": str(secrets),
        "TOKENS_FILE": str(secrets / tokens.TOKENS_FILE),
        "HTTP_HOST": LOOPBACK,
        "HTTP_PORT": str(ports[service]),
    }
    if service == TICKETING:
        settings |= {
            "SIGNING_KEY_FILE": str(secrets / installation.SIGNING_KEY_FILE),
            "PUBLIC_URL": f"http://{LOOPBACK}:{ports[service]}",
        }
    if service == NOTIFICATIONS:
        settings |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(ports[SMTP]), "SMTP_TLS": "none"}
        settings |= {"PUBLIC_URL": f"http://{LOOPBACK}:{ports[service]}"}
        # Letters wait less for others to be sent with, since somebody watches.
        settings |= {"MAIL_WELCOME_SECONDS": "2", "MAIL_TICKET_SECONDS": "0.5", "MAIL_CHANGE_SECONDS": "3"}
        # The mailbox answers at once, so letters of a crashed sender need not wait for a slow server.
        settings |= {"MAIL_CLAIM_SECONDS": "20"}
    return {f"CULTURE_CONNECT_{name}": value for name, value in settings.items()}
