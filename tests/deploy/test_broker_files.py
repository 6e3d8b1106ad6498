"""The files that a broker is started with."""

import json
import re
from pathlib import Path

from culture_connect.messaging.topology import MAX_MESSAGE_BYTES, Vhosts, definitions
from culture_connect_cli.secrets import installation
from culture_connect_cli.stack import RabbitMQ
from culture_connect_cli.stack.rabbitmq.process import PORTS
from tests.deploy.files import ROOT, compose, mounts
from tests.support.certificates import Authority

FOLDER = ROOT / "deploy" / "rabbitmq"


def test_the_definitions_file_is_current() -> None:
    """`culture-connect topology export --output deploy/rabbitmq/definitions.json` writes it."""
    assert json.loads((FOLDER / "definitions.json").read_text(encoding="utf-8")) == definitions(Vhosts())


def test_the_definitions_file_holds_no_account() -> None:
    document = json.loads((FOLDER / "definitions.json").read_text(encoding="utf-8"))
    assert document["users"] == document["permissions"] == []


def test_the_brokers_settings_agree_with_the_topology_and_the_secrets() -> None:
    settings = _settings()
    assert settings["max_message_size"] == str(MAX_MESSAGE_BYTES)
    broker = mounts(compose()["services"]["rabbitmq"])
    folder, _, name = settings["load_definitions"].rpartition("/")
    assert broker[folder] == "secrets-broker"
    assert name == installation.DEFINITIONS_FILE
    assert broker["/etc/rabbitmq/conf.d/20-culture-connect.conf"] == "./deploy/rabbitmq/culture-connect.conf"


def test_the_broker_finds_its_certificate_among_its_secrets_and_speaks_to_parties_as_the_local_stack_does(
    tmp_path: Path,
) -> None:
    settings = _settings()
    installation.provision(tmp_path, installation.Addresses())
    for name in ("cacertfile", "certfile", "keyfile"):
        folder, _, file = settings[f"ssl_options.{name}"].rpartition("/")
        assert mounts(compose()["services"]["rabbitmq"])[folder] == "secrets-broker"
        assert (tmp_path / installation.BROKER / file).is_file()
    tls = Authority.make(tmp_path / "authority").tls
    node = RabbitMQ(tmp_path, password="x", log=tmp_path / "log", ports=dict.fromkeys(PORTS, 1), tls=tls)
    node.write_configuration(Path("/run/culture-connect"), node.ports, "127.0.0.1")
    written = (tmp_path / "rabbitmq.conf").read_text()
    of_the_local_stack = _read(written.replace("/culture-connect/tls/", "/culture-connect/"))
    ours, local = (
        {name: value for name, value in each.items() if name.startswith("ssl_")}
        for each in (settings, of_the_local_stack)
    )
    assert ours == local
    assert ours["ssl_options.versions.1"] == "tlsv1.3"
    port = settings["listeners.ssl.default"]
    assert f"127.0.0.1:5671:{port}" in compose()["services"]["rabbitmq"]["ports"]


def test_the_plain_port_is_published_on_loopback_whatever_is_set_for_the_parties() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    published = re.findall(r'- "(\S+):5672"', text)
    assert published == ["127.0.0.1:${CULTURE_CONNECT_AMQP_PORT:-5672}"]


def _settings() -> dict[str, str]:
    text = (FOLDER / "culture-connect.conf").read_text(encoding="utf-8")
    return _read(text)


def _read(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z_.0-9]+) = (.+)$", text, re.MULTILINE))
