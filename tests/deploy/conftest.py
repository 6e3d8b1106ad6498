"""A broker that starts with the secrets of an installation, as the one in a container does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from culture_connect_cli.secrets import installation
from culture_connect_cli.stack import RabbitMQServer
from tests.support.servers import new_rabbitmq


@pytest.fixture(scope="session")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets of an installation."""
    folder = tmp_path_factory.mktemp("secrets")
    installation.provision(folder, installation.Addresses())
    return folder


@pytest.fixture(scope="session")
def installed(secrets_folder: Path, scratch: Path) -> Iterator[RabbitMQServer]:
    """A node of its own: its accounts have other passwords than those of the tests."""
    definitions = json.loads((secrets_folder / installation.BROKER / installation.DEFINITIONS_FILE).read_text())
    password = (secrets_folder / installation.OPERATORS / "administrator").read_text()
    node = new_rabbitmq(
        scratch / "installation", password=password, log=scratch / "installation.log", definitions=definitions
    )
    node.start()
    yield node
    node.kill()
    node.stop()


@pytest.fixture
def tools_environment(installed: RabbitMQServer, secrets_folder: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of the `tools` container, without a local stack."""
    return {
        "CULTURE_CONNECT_HOME": str(tmp_path),
        "CULTURE_CONNECT_MANAGEMENT_URL": installed.management_url,
        "CULTURE_CONNECT_MANAGEMENT_PASSWORD_FILE": str(secrets_folder / installation.OPERATORS / "administrator"),
        "CULTURE_CONNECT_AMQP": f"{installed.host}:{installed.port}",
    }
