"""Tokens that people make: `culture-connect token`, and what the services make of it."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from culture_connect.http import Tokens
from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.main import app
from culture_connect_cli.secrets import installation, store, tokens

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)

# Adds twenty tokens when told to, and prints them.
ADDING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from culture_connect_cli.secrets import tokens
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    print(tokens.add(Path(sys.argv[1]), f"{sys.argv[2]}-{number}", ["operator"], now=datetime.now(UTC)))
"""

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The secrets of a local stack in the home `tmp_path`."""
    folder = tmp_path / "secrets"
    installation.provision(folder, installation.Addresses())
    return folder


@pytest.fixture
def command(folder: Path) -> Command:
    """Runs `culture-connect token ...`; gives back its status, what it printed, and what it complained about."""

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["token", *arguments], env={"CULTURE_CONNECT_HOME": str(folder.parent)})
        return result.exit_code, result.stdout, result.stderr

    return run


def _service(folder: Path, service: str = "ticketing") -> Tokens:
    return Tokens(folder / service / "tokens.json")


def _own(folder: Path, name: str) -> str:
    return (folder / "operator" / f"token-{name}").read_text()


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_token_is_printed_once_and_kept_in_no_file(command: Command, folder: Path) -> None:
    status, told, aside = command("add", "desk", "--scope", "programme")
    assert status == 0
    token = told.strip()
    assert re.fullmatch(r"[\w-]{43}", token)
    assert (told + aside).count(token) == 1
    assert not [name for name, content in _contents(folder.parent).items() if token.encode() in content]
    assert set(store.read(folder)["added_tokens"]["desk"]) == {"scopes", "sha256", "created_at", "expires_at"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_running_service_takes_a_token_once_added_and_refuses_it_once_revoked(
    command: Command, folder: Path, service: str
) -> None:
    running = _service(folder, service)
    _, told, _ = command("add", "desk", "--scope", "programme", "--scope", "partner:acme", "--scope", "programme")
    caller = running.caller(told.strip())
    assert caller is not None
    assert (caller.name, caller.scopes) == ("desk", frozenset({"programme", "partner:acme"}))

    assert command("revoke", "desk") == (0, "The token desk is revoked.\n", "")
    assert running.caller(told.strip()) is None
    assert running.problem is None
    assert running.caller(_own(folder, "programme")) is not None


def test_a_token_ends_after_as_many_days_as_were_asked_for(folder: Path) -> None:
    now = NOW
    token = tokens.add(folder, "guest", ["operator"], now=NOW, lifetime=timedelta(days=30))
    running = Tokens(folder / "registration" / "tokens.json", clock=lambda: now)
    now = NOW + timedelta(days=30, seconds=-1)
    assert running.caller(token) is not None
    now += timedelta(seconds=1)
    assert running.caller(token) is None


def test_the_list_tells_everything_but_the_secret(command: Command, folder: Path) -> None:
    _, told, _ = command("add", "desk", "--scope", "partner:acme", "--scope", "operator", "--expires-in", "30")
    tokens.add(folder, "ended", ["programme"], now=NOW - timedelta(days=3000), lifetime=timedelta(days=1))
    status, listed, _ = command("list")
    assert status == 0
    assert re.search(r"│ desk +│ partner:acme +│ \d{4}-\d\d-\d\d \d\d:\d\d +│ \d{4}-\d\d-\d\d \d\d:\d\d +│", listed)
    assert re.search(r"│ ended +│ programme +│ 2018-06-15 12:00 +│ 2018-06-16 12:00 *│", listed)
    assert "(over)" in listed
    assert re.search(r"│ programme +│ programme +│ built in +│ never +│", listed)
    assert told.strip() not in listed
    assert not re.search(r"[0-9a-f]{16}", listed)


def test_the_installations_own_tokens_can_be_revoked_too(command: Command, folder: Path) -> None:
    running, token = _service(folder), _own(folder, "programme")
    assert running.caller(token) is not None
    assert command("revoke", "programme")[0] == 0
    assert running.caller(token) is None
    assert not [name for name, content in _contents(folder).items() if token.encode() in content]
    assert "│ programme " not in command("list")[1]


def test_a_later_start_keeps_what_was_added_and_what_was_revoked(command: Command, folder: Path) -> None:
    kept = command("add", "kept", "--scope", "operator")[1].strip()
    gone = command("add", "gone", "--scope", "operator")[1].strip()
    own = _own(folder, "programme")
    for name in ("gone", "programme"):
        command("revoke", name)
    # The name is free again, for another token.
    again = command("add", "programme", "--scope", "programme")[1].strip()
    made = installation.provision(folder, installation.Addresses(broker="bus.example:5672"))
    assert made == ["certificates/broker"]  # for its new name
    for service in SERVICES:
        running = _service(folder, service)
        assert [running.caller(token) is not None for token in (kept, again, gone, own)] == [True, True, False, False]
    assert not (folder / "operator" / "token-programme").exists()


def test_a_revoked_name_that_was_given_again_can_be_revoked_again(command: Command, folder: Path) -> None:
    command("revoke", "operator")
    token = command("add", "operator", "--scope", "operator")[1].strip()
    assert command("revoke", "operator")[0] == 0
    assert _service(folder).caller(token) is None
    assert installation.provision(folder, installation.Addresses()) == []
    assert command("revoke", "operator") == (1, "", "error: there is no token operator\n")


@pytest.mark.parametrize("name", ["desk", "programme"])
def test_a_name_that_exists_is_not_given_twice(command: Command, folder: Path, name: str) -> None:
    command("add", "desk", "--scope", "programme")
    before = _contents(folder)
    status, told, complaint = command("add", name, "--scope", "operator")
    assert (status, told) == (1, "")
    assert complaint == f"error: the token {name} exists: revoke it first, or choose another name\n"
    assert _contents(folder) == before


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "admin",
        "Programme",
        "programme\n",
        "programme:acme",
        "partner",
        "partner:",
        "partner:Acme",
        "partner:-acme",
        "partner:acme\n",
        f"partner:{'a' * 41}",
        "box-office",
        "box-office:elsewhere",
    ],
)
def test_a_scope_that_no_service_knows_is_refused_and_the_known_ones_are_named(
    command: Command, folder: Path, scope: str
) -> None:
    before = _contents(folder)
    status, told, complaint = command("add", "desk", "--scope", "programme", "--scope", scope)
    assert (status, told) == (1, "")
    for expected in (repr(scope), "programme", "operator", "partner:SLUG", "box-office:het-nationale-theater"):
        assert expected in complaint
    assert _contents(folder) == before


@pytest.mark.parametrize("scope", ["programme", "operator", "partner:a-1", "box-office:beelden-aan-zee"])
def test_a_scope_that_a_service_knows_is_given(command: Command, folder: Path, scope: str) -> None:
    caller = _service(folder).caller(command("add", "desk", "--scope", scope)[1].strip())
    assert caller is not None
    assert caller.may(scope)


@pytest.mark.parametrize("name", ["", "Desk", "the desk", "désk", "../desk", "desk\n", "a" * 101])
def test_a_name_of_other_characters_is_refused(command: Command, folder: Path, name: str) -> None:
    before = _contents(folder)
    status, told, complaint = command("add", "--scope", "programme", "--", name)
    assert (status, told) == (1, "")
    assert complaint.startswith(f"error: {name!r} is not a token's name; expected 1 to 100 characters of a-z, 0-9")
    assert _contents(folder) == before


def test_a_long_name_is_listed_whole(command: Command) -> None:
    name = "a.b_c-1234" * 10
    assert command("add", name, "--scope", "programme")[0] == 0
    rows = re.findall(r"^│ ([\w.-]+) +│", command("list")[1], re.MULTILINE)
    assert name in "".join(rows)


def test_tokens_added_at_the_same_time_all_survive(folder: Path) -> None:
    names = [f"desk-{number}" for number in range(12)]

    def work(name: str) -> str:
        token = tokens.add(folder, name, ["programme"], now=NOW)
        installation.provision(folder, installation.Addresses())
        return token

    with ThreadPoolExecutor(len(names)) as pool:
        made = list(pool.map(work, names))
    for service in SERVICES:
        running = _service(folder, service)
        assert [caller and caller.name for caller in map(running.caller, made)] == names
    assert set(store.read(folder)["added_tokens"]) == set(names)


def test_tokens_added_by_two_processes_at_the_same_time_all_survive(folder: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, str(folder), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("left", "right")
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [token for process in running for token in process.communicate(timeout=30)[0].split()]
    service = _service(folder)
    names = [caller and caller.name for caller in map(service.caller, made)]
    assert names == [f"{name}-{number}" for name in ("left", "right") for number in range(20)]


def test_only_the_tokens_are_written_anew_each_for_its_reader(folder: Path) -> None:
    # Only root gives files away; as anyone else all of them are ours.
    owners = {service: 10001 + number for number, service in enumerate(SERVICES)} if os.geteuid() == 0 else {}
    installation.provision(folder, installation.Addresses("db.example:1", "bus.example:2"), owners)
    before = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    tokens.add(folder, "desk", ["programme"], now=NOW)
    after = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    assert before.keys() == after.keys()
    anew = {str(path.relative_to(folder)) for path in after if after[path].st_ino != before[path].st_ino}
    assert anew == {"vault/secrets.json", *(f"{service}/tokens.json" for service in SERVICES)}
    for path, found in after.items():
        assert stat.S_IMODE(found.st_mode) == 0o400
        assert (found.st_uid, found.st_gid) == (before[path].st_uid, before[path].st_gid)


@pytest.mark.parametrize("change", ["add", "revoke"])
def test_a_change_that_fails_half_way_can_be_given_again(command: Command, folder: Path, change: str) -> None:
    arguments = ("add", "desk", "--scope", "operator") if change == "add" else ("revoke", "programme")
    own = _own(folder, "programme")
    # A folder where the last of the services' files should be: it cannot be replaced by a file, not even by root.
    last = folder / SERVICES[-1] / "tokens.json"
    last.rename(last.with_name("aside"))
    last.mkdir()
    kept = store.read(folder)
    status, told, complaint = command(*arguments)
    assert (status, told) == (1, "")
    assert complaint.startswith("error: ")
    assert store.read(folder) == kept
    assert list(folder.rglob(".new-*")) == []

    last.rmdir()
    last.with_name("aside").rename(last)
    status, told, _ = command(*arguments)
    assert status == 0
    running = _service(folder, SERVICES[-1])
    assert (running.caller(told.strip()) is not None) == (change == "add")
    assert (running.caller(own) is not None) == (change == "add")


@pytest.mark.parametrize("arguments", [("list",), ("add", "desk", "--scope", "operator"), ("revoke", "desk")])
def test_without_secrets_the_command_says_how_to_name_them(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["token", *arguments], env={"CULTURE_CONNECT_HOME": str(tmp_path)})
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"there are no secrets in {tmp_path / 'secrets'}" in result.stderr
    assert "--folder" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_installation_is_named_by_an_option_or_a_variable(folder: Path, tmp_path: Path) -> None:
    nowhere = {"CULTURE_CONNECT_HOME": str(tmp_path / "nowhere")}
    added = CliRunner().invoke(app, ["token", "add", "a", "--scope", "operator", "--folder", str(folder)], env=nowhere)
    listed = CliRunner().invoke(app, ["token", "list"], env={**nowhere, "CULTURE_CONNECT_SECRETS_FOLDER": str(folder)})
    assert (added.exit_code, listed.exit_code) == (0, 0)
    assert re.search(r"│ a +│ operator +│", listed.stdout)


def test_a_damaged_vault_is_named_and_not_quoted(command: Command, folder: Path) -> None:
    file = store.secrets_file(folder)
    file.chmod(0o600)
    file.write_text(json.dumps(["hush"]))
    status, told, complaint = command("add", "desk", "--scope", "operator")
    assert (status, told, complaint) == (1, "", f"error: {file} is not a JSON object\n")


@pytest.mark.parametrize("days", ["0", "-1", "3651", "soon"])
def test_a_lifetime_is_a_number_of_days(command: Command, folder: Path, days: str) -> None:
    before = _contents(folder)
    status, told, complaint = command("add", "desk", "--scope", "operator", "--expires-in", days)
    assert (status, told) == (2, "")
    assert "--expires-in" in complaint
    assert _contents(folder) == before
