"""The files that a broker is started with."""

import json
import re

from culture_connect.messaging.topology import MAX_MESSAGE_BYTES, Vhosts, definitions
from culture_connect_cli import secret_files
from tests.deploy.files import ROOT, compose, mounts

FOLDER = ROOT / "deploy" / "rabbitmq"


def test_the_definitions_file_is_current() -> None:
    """`culture-connect topology export --output deploy/rabbitmq/definitions.json` writes it."""
    assert json.loads((FOLDER / "definitions.json").read_text(encoding="utf-8")) == definitions(Vhosts())


def test_the_definitions_file_holds_no_account() -> None:
    document = json.loads((FOLDER / "definitions.json").read_text(encoding="utf-8"))
    assert document["users"] == document["permissions"] == []


def test_the_brokers_settings_agree_with_the_topology_and_the_secrets() -> None:
    settings = dict(
        re.findall(r"^([a-z_.]+) = (.+)$", (FOLDER / "culture-connect.conf").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert settings["max_message_size"] == str(MAX_MESSAGE_BYTES)
    broker = mounts(compose()["services"]["rabbitmq"])
    folder, _, name = settings["load_definitions"].rpartition("/")
    assert broker[folder] == "secrets-broker"
    assert name == secret_files.DEFINITIONS_FILE
    assert broker["/etc/rabbitmq/conf.d/20-culture-connect.conf"] == "./deploy/rabbitmq/culture-connect.conf"
