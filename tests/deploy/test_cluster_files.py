"""The files of `deploy/cluster` agree with each other: every server is known everywhere by its name."""

import re
from typing import Any

import pytest
import yaml

from culture_connect.messaging.addresses import split_addresses
from tests.deploy.files import ROOT

CLUSTER = ROOT / "deploy" / "cluster"


class Loader(yaml.SafeLoader):
    """Reads Compose's `!override` as the list that it is."""


def _list(loader: Loader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node)


Loader.add_constructor("!override", _list)

NODES: dict[str, Any] = yaml.load((CLUSTER / "nodes.yml").read_text(), Loader=Loader)  # noqa: S506 - a safe one
SERVICES: dict[str, Any] = NODES["services"]
BROKERS = [name for name in SERVICES if name.startswith("rabbitmq")]
DATABASES = [name for name in SERVICES if name.startswith("postgres")]


@pytest.mark.parametrize(("variable", "port", "servers"), [("BROKER", 5672, BROKERS), ("DATABASE", 5432, DATABASES)])
def test_services_are_given_every_server(variable: str, port: int, servers: list[str]) -> None:
    assert len(servers) == 3
    addresses = NODES["x-addresses"][f"CULTURE_CONNECT_{variable}"]
    assert addresses.split(",") == [f"{name}:{port}" for name in servers]
    assert len(split_addresses(f"amqp://account:password@{addresses}/core")) == 3


def test_every_broker_knows_every_node() -> None:
    settings = (CLUSTER / "rabbitmq.conf").read_text()
    assert re.findall(r"classic_config\.nodes\.\d = rabbit@(\S+)", settings) == BROKERS
    for number, name in enumerate(BROKERS[1:], 2):
        assert SERVICES[name]["hostname"] == name
        assert f"rabbitmq-{number}-data:/var/lib/rabbitmq" in SERVICES[name]["volumes"]


def test_a_commit_waits_for_one_of_the_servers_whichever_is_the_primary() -> None:
    settings = (CLUSTER / "postgres" / "postgresql.conf").read_text()
    [names] = re.findall(r"^synchronous_standby_names = 'ANY 1 \((.*)\)'$", settings, re.MULTILINE)
    assert [name.strip('" ') for name in names.split(",")] == DATABASES
    [hosts] = re.findall(r"^primary_conninfo = 'host=(\S+) ", settings, re.MULTILINE)
    assert hosts.split(",") == DATABASES
    assert NODES["x-postgres"]["environment"]["CULTURE_CONNECT_NODES"].split() == DATABASES
    assert "fsync" not in settings
    for name in DATABASES:
        assert SERVICES[name]["hostname"] == name


def test_every_volume_is_declared() -> None:
    named = {volume.partition(":")[0] for each in SERVICES.values() for volume in each.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(NODES["volumes"])


def test_no_two_servers_open_the_same_port() -> None:
    ports = [port.rpartition(":")[0] for each in SERVICES.values() for port in each.get("ports", ())]
    defaults = [re.findall(r":-(\d+)\}$", port)[0] for port in ports]
    assert len(defaults) == len(set(defaults))
