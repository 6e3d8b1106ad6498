"""The secrets of an installation."""

import json
import os
import stat
from pathlib import Path

import pytest

from culture_connect.http import Tokens
from culture_connect.messaging.topology import SERVICES, is_password_of
from culture_connect_cli.broker.connection import read_secret
from culture_connect_cli.secrets import installation, store
from ticketing.tickets.codes import Codes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Freshly made secrets."""
    installation.provision(tmp_path, installation.Addresses())
    return tmp_path


def _contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_readable_by_its_owner_alone(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o400)


def test_a_second_time_makes_nothing_new(folder: Path) -> None:
    before = _contents(folder)
    assert installation.provision(folder, installation.Addresses()) == []
    after = _contents(folder)
    # The broker's hashes have a fresh salt each time; their passwords are the same.
    for document in (before, after):
        del document["broker/definitions.json"]
    assert after == before


def test_another_address_reaches_the_services_with_the_same_passwords(folder: Path) -> None:
    before = _contents(folder)["registration/culture_connect_core_url"]
    installation.provision(folder, installation.Addresses(broker="bus.example:5673"))
    after = _contents(folder)["registration/culture_connect_core_url"]
    assert after == before.replace("rabbitmq:5672", "bus.example:5673")


def test_services_are_told_of_amqps_where_the_broker_is_reached_so(folder: Path) -> None:
    before = _contents(folder)["ticketing/culture_connect_edge_url"]
    installation.provision(folder, installation.Addresses(broker="bus.example:5671", broker_tls=True))
    after = _contents(folder)
    assert after["ticketing/culture_connect_edge_url"] == before.replace("amqp:", "amqps:").replace(
        "rabbitmq:5672", "bus.example:5671"
    )
    assert after["ticketing/ca.pem"] == after["broker/ca.pem"]


def test_no_secret_is_in_a_part_where_it_does_not_belong(folder: Path) -> None:
    contents = _contents(folder)
    secrets = json.loads(contents.pop("vault/secrets.json"))
    for service in ("registration", "ticketing", "notifications"):
        for secret in (secrets["broker"][service], secrets["database"][service]):
            holders = {name.partition("/")[0] for name, content in contents.items() if secret in content}
            assert holders <= {service, "database"}
            assert service in holders
    for token in secrets["tokens"].values():
        holders = {name.partition("/")[0] for name, content in contents.items() if token in content}
        assert holders == {"operator"}
    key = secrets["keys"]["signing"]["d"]
    assert [name for name, content in contents.items() if key in content] == ["ticketing/signing_key.json"]
    tombstone = secrets["keys"]["tombstone"]
    readers = [name for name, content in contents.items() if tombstone in content]
    assert readers == ["registration/culture_connect_tombstone_key"]
    for service, hash_key in secrets["hash_keys"].items():
        readers = [name for name, content in contents.items() if hash_key in content]
        assert readers == [f"{service}/culture_connect_hash_key"]


def test_the_tombstone_key_is_32_bytes_and_another_in_each_installation(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    installation.provision(other, installation.Addresses())
    files = [root / "registration" / "culture_connect_tombstone_key" for root in (folder, other)]
    keys = [bytes.fromhex(file.read_text()) for file in files]
    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


def test_an_installation_from_before_gets_what_is_new_and_keeps_the_rest(folder: Path) -> None:
    file = store.secrets_file(folder)
    before = json.loads(file.read_text())
    del before["keys"]["tombstone"], before["hash_keys"]
    file.chmod(0o600)
    file.write_text(json.dumps(before))
    made = installation.provision(folder, installation.Addresses())
    assert made == ["keys/tombstone", *(f"hash_keys/{service}" for service in SERVICES)]
    after = store.read(folder)
    assert set(after.pop("hash_keys")) == set(SERVICES)
    assert after.pop("keys")["signing"] == before.pop("keys")["signing"]
    assert after == before


def test_a_damaged_vault_is_not_taken_for_an_empty_one(folder: Path) -> None:
    file = store.secrets_file(folder)
    file.chmod(0o600)
    file.write_text('{"broker": {"administrator": "hush')
    before = _contents(folder)
    with pytest.raises(store.SecretsError) as caught:
        installation.provision(folder, installation.Addresses())
    assert str(caught.value) == f"{file} is not JSON"
    assert _contents(folder) == before


def test_the_brokers_definitions_hold_hashes_of_the_accounts(folder: Path) -> None:
    contents = _contents(folder)
    accounts = json.loads(contents["vault/secrets.json"])["broker"]
    users = {row["name"]: row for row in json.loads(contents["broker/definitions.json"])["users"]}
    assert set(users) == {"administrator", "operator", "registration", "ticketing", "notifications"}
    for name, row in users.items():
        assert is_password_of(accounts[name], row["password_hash"])


def test_the_services_take_the_files(folder: Path) -> None:
    assert len(Codes.from_file(folder / "ticketing" / "signing_key.json").jwks["keys"]) == 1
    tokens = Tokens(folder / "registration" / "tokens.json")
    caller = tokens.caller((folder / "operator" / "token-box-office.paard").read_text())
    assert caller is not None
    assert caller.may("box-office:paard")
    assert len(read_secret(folder / "operator" / "administrator")) == 32


def test_a_program_that_runs_as_another_user_owns_its_files(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        # Only root gives files away; as anyone else the system says no, and nothing is left half done.
        with pytest.raises(PermissionError):
            installation.provision(tmp_path, installation.Addresses(), {"ticketing": 10001})
        return
    for _ in range(2):
        installation.provision(tmp_path, installation.Addresses(), {"ticketing": 10001})
        for path in (tmp_path / "ticketing", *(tmp_path / "ticketing").iterdir()):
            assert path.stat().st_uid == path.stat().st_gid == 10001
