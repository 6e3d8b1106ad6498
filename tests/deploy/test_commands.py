"""The operator's commands, on a broker as an installation makes it."""

import asyncio
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path

import aio_pika
import httpx
import pytest
from aio_pika.exceptions import AMQPError
from typer.testing import CliRunner

from culture_connect.messaging.topology import Vhosts, definitions, is_password_of
from culture_connect_cli.main import app
from culture_connect_cli.stack import RabbitMQServer

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tools_environment: dict[str, str]) -> Command:
    """Runs `culture-connect ...`; gives back its status, what it printed, and what it complained about."""

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments, env=tools_environment)
        return result.exit_code, result.stdout, result.stderr

    return run


def _can_enter(url: str) -> bool:
    async def knock() -> None:
        await (await aio_pika.connect(url, timeout=10)).close()

    try:
        asyncio.run(knock())
    except AMQPError:
        return False
    return True


def _printed(label: str, text: str) -> str:
    match = re.search(rf"^{label} +(\S+)$", text, re.MULTILINE)
    assert match, f"no {label} in what was printed"
    return match[1]


def test_a_topology_that_is_there_is_left_alone(command: Command) -> None:
    assert command("topology", "verify")[0] == 0
    assert command("topology", "apply")[:2] == (0, "Everything was there already.\n")


def test_a_difference_is_printed_and_fails_the_command(command: Command, installed: RabbitMQServer) -> None:
    binding = f"{installed.management_url}/api/bindings/core/e/events/q/registration.dead"
    login = (installed.username, installed.password)
    httpx.post(binding, json={"routing_key": "ticket"}, auth=login, trust_env=False).raise_for_status()
    status, told, _ = command("topology", "verify")
    httpx.delete(f"{binding}/ticket", auth=login, trust_env=False).raise_for_status()
    assert status == 1
    assert "  binding of events to queue registration.dead with key 'ticket' in core does not belong here\n" in told
    assert "1 differences." in told


def test_a_queue_of_an_earlier_release_is_made_anew_once_it_is_empty(
    command: Command, installed: RabbitMQServer
) -> None:
    command("account", "add", "hr", "acme")
    queue = "queues/edge/hr.acme.enrolments"
    old = {"durable": True, "arguments": {"x-queue-type": "quorum", "x-delivery-limit": 20}}
    message = {"properties": {}, "routing_key": "x", "payload": "{}", "payload_encoding": "string"}
    login = (installed.username, installed.password)
    with httpx.Client(base_url=f"{installed.management_url}/api/", auth=login, trust_env=False) as console:
        console.delete(queue).raise_for_status()
        console.put(queue, json=old).raise_for_status()
        command("topology", "apply", "--patience", "0")
        assert command("topology", "verify")[0] == 0

        console.delete(queue).raise_for_status()
        console.put(queue, json=old).raise_for_status()
        console.post("bindings/edge/e/hr.acme/q/hr.acme.enrolments", json={"routing_key": "#"}).raise_for_status()
        console.post("exchanges/edge/hr.acme/publish", json=message).raise_for_status()
        status, told, _ = command("topology", "apply", "--patience", "0")
        assert status == 1
        assert told.startswith("not made anew: queue hr.acme.enrolments: ")
        assert told.endswith("see whether its service is ready; then run this again\n")
        status, told, _ = command("topology", "verify")
        assert status == 1
        assert "`culture-connect topology apply` makes it anew and keeps its messages:\n" in told
        console.delete(f"{queue}/contents").raise_for_status()
        status, told, _ = command("topology", "apply")
        assert status == 0
        assert told == "made anew with its messages: queue hr.acme.enrolments\n1 things put right.\n"
    assert command("account", "remove", "hr", "acme")[0] == 0


def test_an_account_is_added_renewed_listed_and_removed(command: Command) -> None:
    status, told, _ = command("account", "add", "hr", "acme")
    assert status == 0
    url = _printed("as one address", told)
    assert _printed("username", told) == "hr.acme"
    assert _printed("publish to exchange", told) == "hr.acme"
    assert _printed("consume from queue", told) == "hr.acme.receipts"
    assert _printed("password", told) in url
    assert _can_enter(url)

    status, told, complaint = command("account", "add", "hr", "acme")
    assert (status, told) == (1, "")
    assert complaint == "error: the account hr.acme exists; --rotate gives it a new password\n"

    status, told, _ = command("account", "add", "hr", "acme", "--rotate")
    assert status == 0
    assert not _can_enter(url)
    assert _can_enter(_printed("as one address", told))

    status, told, _ = command("account", "list")
    assert status == 0
    assert re.search(r"hr +│ acme .* complete", told)

    status, told, _ = command("account", "remove", "hr", "acme")
    assert (status, told) == (0, "The account hr.acme is removed, with its exchange and queues.\n")
    assert command("account", "list")[1] == "There are no accounts of external clients.\n"
    assert command("topology", "verify")[0] == 0


def test_a_party_is_told_the_address_with_tls_when_there_is_one(command: Command) -> None:
    told = command("account", "add", "hr", "globex")[1]
    assert "with TLS" not in told
    told = command("account", "add", "hr", "globex", "--rotate", "--advertise-tls", "bus.example")[1]
    password = _printed("password", told)
    assert _printed("with TLS", told) == f"amqps://hr.globex:{password}@bus.example:5671/edge"
    assert command("account", "remove", "hr", "globex")[0] == 0


def test_a_venue_that_nobody_knows_gets_no_account(command: Command) -> None:
    status, _, complaint = command("account", "add", "box-office", "elsewhere")
    assert status == 1
    assert "het-nationale-theater" in complaint


def test_a_local_stack_remembers_its_accounts(
    command: Command, installed: RabbitMQServer, tools_environment: dict[str, str]
) -> None:
    stack_file = Path(tools_environment["CULTURE_CONNECT_HOME"]) / "stack.json"
    administrator = {"username": installed.username, "password": installed.password, "vhost": "/"}
    amqp = {"host": installed.host, "port": installed.port, "management_url": installed.management_url}
    before = {"amqp": amqp, "accounts": {"administrator": administrator}, "tokens": {"operator": "kept"}}
    stack_file.write_text(json.dumps(before))
    # The stack is found by its description alone.
    for name in [name for name in tools_environment if name != "CULTURE_CONNECT_HOME"]:
        del tools_environment[name]

    _, told, _ = command("account", "add", "hr", "globex")
    recorded = json.loads(stack_file.read_text())
    account = {"username": "hr.globex", "password": _printed("password", told), "vhost": "edge"}
    assert recorded == before | {"accounts": {"administrator": administrator, "hr.globex": account}}
    assert stat.S_IMODE(stack_file.stat().st_mode) == 0o600

    command("account", "remove", "hr", "globex")
    assert json.loads(stack_file.read_text()) == before


def test_without_a_broker_the_command_says_how_to_name_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["topology", "verify"], env={"CULTURE_CONNECT_HOME": str(tmp_path)})
    assert result.exit_code == 1
    assert "culture-connect up" in result.stderr
    assert "--management-url" in result.stderr


def test_a_password_that_others_can_read_is_not_used(tools_environment: dict[str, str], tmp_path: Path) -> None:
    loose = tmp_path / "password"
    loose.write_text("known to all")
    loose.chmod(0o644)
    told = {**tools_environment, "CULTURE_CONNECT_MANAGEMENT_PASSWORD_FILE": str(loose)}
    result = CliRunner().invoke(app, ["topology", "verify"], env=told)
    assert result.exit_code == 1
    assert "chmod 600" in result.stderr


def test_a_broker_that_is_away_is_named(tools_environment: dict[str, str]) -> None:
    # Port 1 of the loopback: nobody may listen there without being root, and nobody does.
    told = {**tools_environment, "CULTURE_CONNECT_MANAGEMENT_URL": "http://127.0.0.1:1"}
    result = CliRunner().invoke(app, ["topology", "verify"], env=told)
    assert result.exit_code == 1
    assert result.stderr == "error: no broker answers at http://127.0.0.1:1: ConnectError\n"


def test_the_definitions_file_has_accounts_only_with_their_passwords(command: Command, tmp_path: Path) -> None:
    plain, full = tmp_path / "plain.json", tmp_path / "full.json"
    passwords = tmp_path / "passwords"
    passwords.mkdir()
    for account in ("registration", "hr.acme"):
        (passwords / account).write_text(f"of {account}")
        (passwords / account).chmod(0o600)
    common = ("topology", "export", "--partner", "acme", "--venue", "paard")
    assert command(*common, "--output", str(plain))[0] == 0
    assert command(*common, "--output", str(full), "--passwords", str(passwords))[0] == 0

    assert json.loads(plain.read_text()) == definitions(Vhosts(), ["acme"], ["paard"])
    users = {row["name"]: row["password_hash"] for row in json.loads(full.read_text())["users"]}
    assert set(users) == {"registration", "hr.acme"}
    assert all(is_password_of(f"of {account}", hashed) for account, hashed in users.items())
    assert stat.S_IMODE(full.stat().st_mode) == 0o600


def test_secrets_are_made_once(tmp_path: Path) -> None:
    first, second = (CliRunner().invoke(app, ["secrets", "init", str(tmp_path)]) for _ in range(2))
    assert re.match(r"\d\d secrets made", first.stdout)
    assert second.stdout.startswith("0 secrets made")


def test_roles_need_secrets(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["secrets", "roles", str(tmp_path)])
    assert result.exit_code == 1
    assert "secrets init" in result.stderr
