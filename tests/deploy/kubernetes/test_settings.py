"""The programs find their settings as the manifests give them, and these agree with docker-compose.yml."""

import asyncio
import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from culture_connect.messaging import Database
from culture_connect.messaging.errors import DatabaseUnavailable
from culture_connect.settings import PREFIX, ServiceSettings, load
from culture_connect_cli.broker.connection import find_broker
from culture_connect_cli.secrets import installation
from notifications.settings import NotificationsSettings
from registration.settings import RegistrationSettings
from tests.deploy.files import ROOT, SERVICES, compose, dockerfile
from tests.deploy.kubernetes.conftest import ADDRESSES
from tests.deploy.kubernetes.rendering import FOLDER, OVERLAYS, Manifest, containers, of_kind, overlay, pod_template
from ticketing.settings import TicketingSettings

SMALL = overlay("small")
COMPOSE = compose()["services"]
SETTINGS: Final[Mapping[str, type[ServiceSettings]]] = {
    "registration": RegistrationSettings,
    "ticketing": TicketingSettings,
    "notifications": NotificationsSettings,
}
RELEASE = next(name for name in of_kind(SMALL, "Job") if name.startswith("topology")).removeprefix("topology")

# Read by asyncpg, as libpq would.
DRIVER: Final = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/run/database-ca/ca.crt"}

# The broker's own file and what the operator writes for it instead.
_OPERATORS_OWN: Final = {
    "disk_free_limit.absolute",
    "listeners.ssl.default",
    "ssl_options.cacertfile",
    "ssl_options.certfile",
    "ssl_options.keyfile",
}
_OF_A_CLUSTER: Final = {
    "quorum_queue.continuous_membership_reconciliation.enabled": "true",
    "quorum_queue.continuous_membership_reconciliation.target_group_size": "3",
}

Secrets = Mapping[str, Mapping[str, bytes]]


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("suffix", ["", "-migrate"])
def test_a_service_finds_all_its_settings(
    name: str, suffix: str, cluster_secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = _pod(f"{name}{suffix}")
    for variable, value in _started(pod, cluster_secrets, tmp_path).items():
        monkeypatch.setenv(variable, value)
    settings = load(SETTINGS[name])

    assert settings.database_url.split("@")[1] == "database-rw:5432/culture_connect"
    assert settings.core_url.startswith("amqps://")
    assert settings.core_url.split("@")[1] == "broker:5671/core"
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0].get("ports", ())}
    given = {"http": settings.http_port, "public": settings.public_port, "metrics": settings.metrics_port}
    assert {port: given[port] for port in ports} == ports
    if not suffix:
        assert {port for port, number in given.items() if number is not None} == set(ports)
        assert settings.broker_ca_file is not None


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("suffix", ["", "-migrate"])
def test_every_variable_is_a_setting_that_is_read(name: str, suffix: str) -> None:
    (container,) = _pod(f"{name}{suffix}")["containers"]
    known = {f"{PREFIX}{field.upper()}" for field in SETTINGS[name].model_fields} | {f"{PREFIX}SECRETS_DIR"}
    variables = {variable["name"] for variable in container["env"]}
    assert variables - known == DRIVER.keys()


def test_whoever_reaches_the_database_verifies_it() -> None:
    for manifest in SMALL:
        if template := pod_template(manifest):
            (container,) = template["spec"]["containers"]
            given = {row["name"]: row.get("value") for row in container["env"]}
            needs_it = template["metadata"]["labels"]["app.kubernetes.io/name"] not in ("topology", "tools")
            assert {key: given[key] for key in DRIVER if key in given} == (DRIVER if needs_it else {})


async def test_a_database_without_tls_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.provision(tmp_path, ADDRESSES)
    monkeypatch.setenv("PGSSLMODE", DRIVER["PGSSLMODE"])
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "operator" / "ca.pem"))
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        writer.write(b"N")  # as a server that knows no TLS
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()
        received.set_result(first + rest)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = Database(f"postgresql://registration:secret@127.0.0.1:{port}/culture_connect", schema="registration")
    with pytest.raises(DatabaseUnavailable):
        await database.connect()
    await database.close()
    # SSLRequest, and no login: https://www.postgresql.org/docs/current/protocol-message-formats.html
    assert await received == struct.pack("!ii", 8, 80877103)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("name", ["tools", "topology"])
def test_the_command_line_finds_the_broker(name: str, cluster_secrets: Secrets, tmp_path: Path) -> None:
    environment = _started(_pod(name), cluster_secrets, tmp_path)
    broker = find_broker(environment=environment)
    assert (broker.management_url, broker.host, broker.port) == ("http://broker:15672", "broker", 5672)
    assert broker.password.encode() == cluster_secrets["operator"]["administrator"]


def test_the_tools_have_the_variables_that_they_have_in_docker_compose() -> None:
    ours = {row["name"] for row in _pod("tools")["containers"][0]["env"]}
    theirs = set(COMPOSE["tools"]["environment"])
    # Clients outside have no address in clear.
    assert theirs - ours == {f"{PREFIX}AMQP_ADVERTISED"}
    assert ours <= theirs


def test_the_tools_address_services_that_exist() -> None:
    environment = {row["name"]: row.get("value") for row in _pod("tools")["containers"][0]["env"]}
    services = of_kind(SMALL, "Service")
    for name in SERVICES:
        ports = {port["port"] for port in services[name]["spec"]["ports"]}
        assert environment[f"{PREFIX}{name.upper()}_URL"] == f"http://{name}:8000"
        assert {8000, int(environment[f"{PREFIX}METRICS_PORT"] or 0)} <= ports


def test_roles_are_made_with_the_files_that_are_mounted(cluster_secrets: Secrets, tmp_path: Path) -> None:
    pod = _pod("database-roles")
    assert pod["containers"][0]["args"] == ["secrets", "roles", "/secrets", "--database=database-rw:5432"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    folder = tmp_path / mounts["roles"].removeprefix("/secrets/")
    _mount(folder, cluster_secrets["database-roles"])
    assert installation.superuser_url(tmp_path, "database-rw:5432").split("@")[1] == "database-rw:5432/culture_connect"
    assert set(installation.role_passwords(tmp_path)) == set(SERVICES)


def test_the_database_has_the_superusers_password_that_the_job_logs_in_with(cluster_secrets: Secrets) -> None:
    assert cluster_secrets["database-superuser"]["password"] == cluster_secrets["database-roles"]["superuser_password"]
    assert cluster_secrets["database-superuser"]["username"].decode() == installation.SUPERUSER
    cluster = of_kind(SMALL, "Cluster")["database"]["spec"]
    assert cluster["bootstrap"]["initdb"]["database"] == installation.DATABASE


@pytest.mark.parametrize("name", OVERLAYS)
def test_commits_wait_for_one_of_two_standbys(name: str) -> None:
    cluster = of_kind(overlay(name), "Cluster")["database"]["spec"]
    assert cluster["instances"] == 3
    assert cluster["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
    assert not {"synchronous_commit", "synchronous_standby_names"} & cluster["postgresql"]["parameters"].keys()


@pytest.mark.parametrize("name", OVERLAYS)
def test_images_are_those_of_docker_compose(name: str) -> None:
    manifests = overlay(name)
    ours = {container["image"] for manifest in manifests for container in containers(manifest)}
    built = {service["image"] for service in COMPOSE.values() if "build" in service}
    assert {image.partition(":")[0] for image in ours} == built
    assert len({image.partition(":")[2] for image in ours}) == 1
    broker = of_kind(manifests, "RabbitmqCluster")["broker"]["spec"]["image"]
    assert broker.startswith("rabbitmq:4.")
    assert COMPOSE["rabbitmq"]["image"] == "rabbitmq:4-management"
    assert broker.endswith("-management")
    # That of the database is the operator's.
    assert "imageName" not in of_kind(manifests, "Cluster")["database"]["spec"]


@pytest.mark.parametrize("name", SERVICES)
def test_programs_are_started_as_in_docker_compose(name: str) -> None:
    assert _pod(name)["containers"][0]["args"] == dockerfile(f"services/{name}/Dockerfile")[-1][-1].words
    assert _pod(f"{name}-migrate")["containers"][0]["args"] == COMPOSE[f"{name}-migrate"]["command"]
    user = COMPOSE[name]["user"]
    context = _pod(name)["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_broker_has_the_settings_of_its_file(name: str, cluster_secrets: Secrets) -> None:
    spec = of_kind(overlay(name), "RabbitmqCluster")["broker"]["spec"]
    given = _configuration(spec["rabbitmq"]["additionalConfig"])
    file = _configuration((ROOT / "deploy/rabbitmq/culture-connect.conf").read_text(encoding="utf-8"))
    expected = {key: value for key, value in file.items() if key not in _OPERATORS_OWN} | _OF_A_CLUSTER
    assert given == expected
    template = spec["override"]["statefulSet"]["spec"]["template"]["spec"]
    (mount,) = template["containers"][0]["volumeMounts"]
    assert given["load_definitions"] == f"{mount['mountPath']}/{installation.DEFINITIONS_FILE}"
    assert installation.DEFINITIONS_FILE in cluster_secrets["broker-definitions"]
    assert int(given["quorum_queue.continuous_membership_reconciliation.target_group_size"]) == spec["replicas"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_port_to_the_mail_server_is_open(name: str) -> None:
    manifests = overlay(name)
    policy = of_kind(manifests, "NetworkPolicy")["mail"]["spec"]
    ports = [str(port["port"]) for rule in policy["egress"] for port in rule["ports"]]
    assert ports == [of_kind(manifests, "ConfigMap")["installation"]["data"]["smtp-port"]]


@pytest.mark.parametrize(
    "name", [*SERVICES, *(f"{service}-migrate" for service in SERVICES), "tools", "database-roles"]
)
def test_programs_have_the_memory_that_they_have_in_docker_compose(name: str) -> None:
    given = _pod(name)["containers"][0]["resources"]["limits"]["memory"]
    assert given == COMPOSE[name]["mem_limit"].replace("m", "Mi")


@pytest.mark.parametrize(
    ("kind", "name", "program"), [("RabbitmqCluster", "broker", "rabbitmq"), ("Cluster", "database", "postgres")]
)
def test_servers_of_a_small_cluster_have_the_memory_that_they_have_in_docker_compose(
    kind: str, name: str, program: str
) -> None:
    given = of_kind(SMALL, kind)[name]["spec"]["resources"]["limits"]["memory"]
    assert given == COMPOSE[program]["mem_limit"].replace("g", "Gi")


def test_the_script_is_a_program() -> None:
    assert os.access(FOLDER / "secrets", os.X_OK)


def _pod(name: str) -> Manifest:
    """The pod of the Deployment or Job."""
    for manifest in SMALL:
        if (template := pod_template(manifest)) and manifest["metadata"]["name"] in (name, f"{name}{RELEASE}"):
            spec: Manifest = template["spec"]
            return spec
    raise AssertionError(f"there is no pod {name}")


def _started(pod: Manifest, secrets: Secrets, folder: Path) -> dict[str, str]:
    """The environment of the pod's container, after its first container has copied the secrets."""
    (first,) = pod["initContainers"]
    (secret,) = [volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "secret-source"]
    places = {"secret-source": folder / "source", "secrets": folder / "secrets"}
    _mount(places["secret-source"], secrets[secret])
    places["secrets"].mkdir()
    mounts = {mount["mountPath"]: str(places[mount["name"]]) for mount in first["volumeMounts"]}
    command = [_moved(word, mounts) for word in first["command"]]
    subprocess.run(command, check=True, timeout=20)
    subprocess.run(command, check=True, timeout=20)  # a container may run twice

    (container,) = pod["containers"]
    config = of_kind(SMALL, "ConfigMap")["installation"]["data"]
    given = {
        row["name"]: row["value"] if "value" in row else config[row["valueFrom"]["configMapKeyRef"]["key"]]
        for row in container["env"]
    }
    name = container["image"].partition(":")[0].rpartition("/")[2]
    return {key: _moved(value, mounts) for key, value in {**_image_environment(name), **given}.items()}


def _moved(word: str, mounts: Mapping[str, str]) -> str:
    for path, place in mounts.items():
        word = word.replace(path, place)
    return word


def _mount(folder: Path, files: Mapping[str, bytes]) -> None:
    """Lays out a Secret as the kubelet does: links to a folder that is replaced as a whole, readable by a group."""
    data = folder / "..2026_01_01"
    data.mkdir(parents=True)
    (folder / "..data").symlink_to(data.name)
    for key, value in files.items():
        (data / key).write_bytes(value)
        (data / key).chmod(0o440)
        (folder / key).symlink_to(f"..data/{key}")


def _image_environment(name: str) -> dict[str, str]:
    path = "deploy/docker/tools/Dockerfile" if name == "tools" else f"services/{name}/Dockerfile"
    words = [word for instruction in dockerfile(path)[-1] if instruction.name == "ENV" for word in instruction.words]
    pairs: dict[str, Any] = dict(word.split("=", 1) for word in words)
    return {key: value for key, value in pairs.items() if key.startswith(PREFIX)}


def _configuration(text: str) -> dict[str, str]:
    lines = [line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {key.strip(): value.strip() for key, _, value in lines}
