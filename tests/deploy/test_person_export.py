"""`culture-connect person export`, with the three services on loopback."""

import json
import stat
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from typer.testing import CliRunner

from culture_connect_cli.main import app
from tests.deploy.fake_registration import TOKEN, Answer, FakeRegistration, listening

SERVICES = ("registration", "ticketing", "notifications")
WHO = str(uuid4())


def run(tmp_path: Path, services: dict[str, FakeRegistration], *arguments: str) -> tuple[int, str, str]:
    """Status, what was printed and what was complained about."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    environment = {"CULTURE_CONNECT_HOME": str(tmp_path), "CULTURE_CONNECT_TOKEN_FILE": str(token)}
    environment |= {f"CULTURE_CONNECT_{name.upper()}_URL": service.url for name, service in services.items()}
    result = CliRunner().invoke(app, ["person", "export", *arguments], env=environment)
    return result.exit_code, result.stdout, result.stderr


def answers(held: dict[str, object]) -> list[Answer]:
    """A service that holds this."""
    return [Answer(200, "application/json", [json.dumps({"participant_id": WHO, "held": held}).encode()])]


def test_what_the_three_services_hold_is_one_file_for_one_reader(tmp_path: Path) -> None:
    file = tmp_path / "person.json"
    with ExitStack() as stack:
        services = {name: stack.enter_context(listening()) for name in SERVICES}
        for name, service in services.items():
            service.answers = answers({name: [{"given_name": "Zoë"}]})
        status, told, _ = run(tmp_path, services, "acme", "E/1", "--output", str(file))
    assert (status, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    found = json.loads(file.read_text())
    assert (found["partner"], found["employee_ref"], found["participant_id"]) == ("acme", "E/1", WHO)
    assert found["services"] == {name: {name: [{"given_name": "Zoë"}]} for name in SERVICES}
    assert "Zoë" not in told
    paths = {name: [asked.path for asked in service.asked] for name, service in services.items()}
    assert paths == {
        "registration": ["/partners/acme/participants/E%2F1/export"],
        "ticketing": [f"/participants/{WHO}/export"],
        "notifications": [f"/participants/{WHO}/export"],
    }


def test_nothing_is_written_unless_every_service_answered(tmp_path: Path) -> None:
    file = tmp_path / "person.json"
    problem = Answer(404, "application/problem+json", [b'{"title": "There is no such employee", "status": 404}'])
    with ExitStack() as stack:
        services = {name: stack.enter_context(listening()) for name in SERVICES}
        services["registration"].answers = [problem]
        status, _, complaint = run(tmp_path, services, "acme", "E-1", "--output", str(file))
    assert (status, file.exists()) == (1, False)
    assert "There is no such employee" in complaint
    assert not services["ticketing"].asked
