"""Servers that the environment names, ports, and the container that stands in for the package."""

import socket
from pathlib import Path

import pytest

from culture_connect_cli.stack import ExternalServers, StackError
from culture_connect_cli.stack.ports import VARIABLE, choose_ports, free_port, is_free
from culture_connect_cli.stack.rabbitmq.container import DockerRabbitMQ
from culture_connect_cli.stack.rabbitmq.provider import VARIABLE as WAY
from culture_connect_cli.stack.rabbitmq.provider import Way, private_rabbitmq
from tests.support.certificates import Authority

POSTGRES = "CULTURE_CONNECT_STACK_POSTGRES_URL"
RABBITMQ = "CULTURE_CONNECT_STACK_RABBITMQ_URL"
MANAGEMENT = "CULTURE_CONNECT_STACK_RABBITMQ_MANAGEMENT_URL"


def test_an_empty_environment_names_no_server() -> None:
    assert ExternalServers.read({}) == ExternalServers(None, None)


def test_named_servers_give_urls_for_every_account_with_what_needs_quoting_quoted() -> None:
    given = ExternalServers.read(
        {
            POSTGRES: "postgresql://boss:a%2Fb@db.example:5433/postgres",
            RABBITMQ: "amqp://boss:a%2Fb@mq.example:5673",
            MANAGEMENT: "http://mq.example:15673/",
        }
    )
    assert given.postgres is not None
    assert given.rabbitmq is not None
    assert given.postgres.url("things") == "postgresql://boss:a%2Fb@db.example:5433/things"
    assert given.postgres.url("things", user="me", password="p@ss") == "postgresql://me:p%40ss@db.example:5433/things"
    assert given.rabbitmq.url(vhost="/") == "amqp://boss:a%2Fb@mq.example:5673/%2F"
    assert given.rabbitmq.url("me", "p@ss", vhost="core") == "amqp://me:p%40ss@mq.example:5673/core"
    assert given.rabbitmq.management_url == "http://mq.example:15673"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({POSTGRES: "mysql://db.example/x"}, POSTGRES),
        ({RABBITMQ: "amqp://mq.example"}, MANAGEMENT),
        ({RABBITMQ: "http://mq.example", MANAGEMENT: "http://mq.example"}, RABBITMQ),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_by_the_name_of_its_variable(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(StackError, match=named):
        ExternalServers.read(environment)


def test_a_remembered_port_is_kept_while_it_is_free_and_replaced_when_it_is_taken() -> None:
    first = choose_ports(["one", "two"])
    assert len(set(first.values())) == 2
    assert choose_ports(["one", "two"], first) == first
    with socket.create_server(("127.0.0.1", first["one"])):
        assert not is_free(first["one"])
        second = choose_ports(["one", "two"], first)
    assert second["one"] != first["one"]
    assert second["two"] == first["two"]


def test_ports_are_chosen_from_the_range_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "33000-33199")
    assert all(33_000 <= port < 33_200 for port in choose_ports(map(str, range(50))).values())


@pytest.mark.parametrize("told", ["", "20000", "80-31999", "20000-20050", "31999-20000", "20000-70000", "a-b"])
def test_a_range_of_ports_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv(VARIABLE, told)
    with pytest.raises(StackError, match=f"{VARIABLE}: expected first-last"):
        free_port()


@pytest.mark.parametrize(("told", "way"), [("", Way.ANY), ("package", Way.PACKAGE), ("docker", Way.DOCKER)])
def test_the_way_to_a_broker_is_chosen_by_a_variable(told: str, way: Way) -> None:
    assert Way.read({WAY: told}) is way


def test_an_unknown_way_to_a_broker_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(StackError, match=f"{WAY}: expected package or docker"):
        Way.read({WAY: "podman"})


def test_docker_without_an_engine_is_refused_also_where_the_package_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing")
    with pytest.raises(StackError, match=f"no Docker engine answers, and {WAY} asks for one"):
        private_rabbitmq(tmp_path, password="secret", log=tmp_path / "log", way=Way.DOCKER)


def test_a_container_is_published_on_loopback_only_and_keeps_its_data_in_the_folder(tmp_path: Path) -> None:
    ports = {"amqp": 20_001, "management": 20_002, "prometheus": 20_003}
    command = DockerRabbitMQ(tmp_path, password="secret", log=tmp_path / "log", ports=ports).command()
    published = [part for part in command if part.startswith("--publish")]
    assert published == [
        "--publish=127.0.0.1:20001:5672",
        "--publish=127.0.0.1:20002:15672",
        "--publish=127.0.0.1:20003:15692",
    ]
    assert f"--volume={tmp_path.resolve() / 'data'}:/var/lib/rabbitmq" in command
    assert not any("secret" in part for part in command)


def test_a_container_with_a_certificate_speaks_amqps_as_well(tmp_path: Path) -> None:
    ports = {"amqp": 20_001, "amqps": 20_004, "management": 20_002, "prometheus": 20_003}
    tls = Authority.make(tmp_path / "authority").tls
    node = DockerRabbitMQ(tmp_path, password="secret", log=tmp_path / "log", ports=ports, tls=tls)
    assert "--publish=127.0.0.1:20004:5671" in node.command()
    assert node.tls_port == 20_004
    inside = {"amqp": 5672, "amqps": 5671, "management": 1, "prometheus": 2}
    node.write_configuration(Path("/inside"), inside, "192.0.2.1")
    settings = (tmp_path / "rabbitmq.conf").read_text()
    assert "listeners.ssl.1 = 192.0.2.1:5671\n" in settings
    assert "ssl_options.keyfile = /inside/tls/certificate_key.pem\n" in settings
