"""docker-compose.yml agrees with itself, with the images, and with what the services read.

No Docker engine is needed: these check what can be known without one.
"""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from culture_connect.settings import PREFIX, ServiceSettings, load
from culture_connect_cli.secrets import installation
from culture_connect_cli.secrets.store import STORE_FOLDER
from notifications.settings import NotificationsSettings
from registration.settings import RegistrationSettings
from tests.deploy.files import ROOT, SERVICES, compose, dockerfile, mounts, variables
from ticketing.settings import TicketingSettings

COMPOSE = compose()
PROGRAMS = list(COMPOSE["services"])
SETTINGS: dict[str, type[ServiceSettings]] = {
    "registration": RegistrationSettings,
    "ticketing": TicketingSettings,
    "notifications": NotificationsSettings,
}

_STRINGS = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
_COMMAND = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_DURATION = {"type": "string", "pattern": r"^\d+(ms|s|m)$"}

# The part of the Compose specification that we use, and no key beside it: a misspelt one is refused here as there.
# https://github.com/compose-spec/compose-spec/blob/main/spec.md
SPECIFICATION = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^x-": {"type": "object"}},
    "required": ["name", "services", "networks", "volumes"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"internal": {"type": "boolean"}},
            },
        },
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["image"],
                "properties": {
                    "image": {"type": "string"},
                    "build": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["context", "dockerfile"],
                        "properties": {"context": {"type": "string"}, "dockerfile": {"type": "string"}},
                    },
                    "hostname": {"type": "string"},
                    "user": {"type": "string", "pattern": r"^\d+:\d+$"},
                    "read_only": {"type": "boolean"},
                    "init": {"type": "boolean"},
                    "tmpfs": _STRINGS,
                    "cap_drop": _STRINGS,
                    "cap_add": _STRINGS,
                    "security_opt": _STRINGS,
                    "pids_limit": {"type": "integer", "minimum": 1},
                    "mem_limit": {"type": "string", "pattern": r"^\d+[mg]$"},
                    "logging": {"type": "object", "required": ["driver"], "properties": {"driver": {"const": "local"}}},
                    "shm_size": {"type": "string", "pattern": r"^\d+m$"},
                    "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
                    "stop_grace_period": _DURATION,
                    "command": _COMMAND,
                    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                    "networks": _STRINGS,
                    "network_mode": {"const": "none"},
                    "profiles": _STRINGS,
                    "volumes": {
                        **_STRINGS,
                        "items": {"type": "string", "pattern": r"^(\./)?[\w./-]+:/[\w./-]+(:ro)?$"},
                    },
                    "ports": {
                        **_STRINGS,
                        # On the loopback interface only.
                        "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"},
                    },
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["condition"],
                            "properties": {
                                "condition": {"enum": ["service_healthy", "service_completed_successfully"]}
                            },
                        },
                    },
                    "healthcheck": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["test", "interval", "timeout", "retries"],
                        "properties": {
                            "test": {**_COMMAND, "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}]},
                            "interval": _DURATION,
                            "timeout": _DURATION,
                            "start_period": _DURATION,
                            "retries": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}


def _service(name: str) -> dict[str, Any]:
    service: dict[str, Any] = COMPOSE["services"][name]
    return service


def test_the_file_is_what_the_specification_knows() -> None:
    jsonschema.validate(COMPOSE, SPECIFICATION, cls=jsonschema.Draft202012Validator)


def test_every_image_is_ours_or_pinned() -> None:
    images = {service["image"] for service in COMPOSE["services"].values()}
    ours = {image for image in images if image.startswith("culture-connect/")}
    assert images - ours == {"rabbitmq:4-management", "postgres:18", "axllent/mailpit:v1.29.7"}
    for service in COMPOSE["services"].values():
        assert (service["image"] in ours) == ("build" in service)


def test_what_is_waited_for_can_come() -> None:
    for name, service in COMPOSE["services"].items():
        for other, wait in service.get("depends_on", {}).items():
            target = _service(other)
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in target, f"{name} waits for {other}, which has no health check"
            else:
                assert target["restart"] == "no", f"{name} waits for the end of {other}, which starts again"


def test_networks_and_volumes_are_all_declared_and_used() -> None:
    services = COMPOSE["services"].values()
    assert {network for service in services for network in service.get("networks", ())} == set(COMPOSE["networks"])
    sources = {source for service in services for source in mounts(service).values()}
    named = {source for source in sources if not source.startswith("./")}
    assert named == set(COMPOSE["volumes"])
    for path in sources - named:
        assert (ROOT / path).is_file()


def test_a_published_port_is_on_an_ordinary_network_and_no_two_are_the_same() -> None:
    published = []
    for service in COMPOSE["services"].values():
        for port in service.get("ports", ()):
            published.append(port.split(":")[1])
            assert any(not (COMPOSE["networks"][network] or {}).get("internal") for network in service["networks"])
    assert len(published) == len(set(published))
    assert "5432" not in published


def test_the_ports_can_be_moved() -> None:
    published = sum(len(service.get("ports", ())) for service in COMPOSE["services"].values())
    ports = {name for name in variables() if name.endswith("_PORT")}
    assert len(ports) == published
    assert variables() - ports == {f"{PREFIX}AMQPS_ADDRESS", f"{PREFIX}AMQPS_HOST"}
    assert all(name.startswith(PREFIX) for name in ports)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = _service(name)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    if name == "secrets":
        assert service["network_mode"] == "none"
    else:
        assert not service["user"].startswith("0:")
        assert "cap_add" not in service


def test_nobody_but_its_program_sees_a_secret() -> None:
    readers: dict[str, set[str]] = {}
    for name, service in COMPOSE["services"].items():
        for source in mounts(service).values():
            if source.startswith("secrets-") and name != "secrets":
                readers.setdefault(source.removeprefix("secrets-"), set()).add(name)
    assert readers == {
        "registration": {"registration", "registration-migrate"},
        "ticketing": {"ticketing", "ticketing-migrate"},
        "notifications": {"notifications", "notifications-migrate"},
        "broker": {"rabbitmq"},
        "database": {"postgres", "database-roles"},
        "operator": {"tools"},
    }


def test_every_part_of_the_secrets_belongs_to_the_user_that_reads_it(tmp_path: Path) -> None:
    installation.provision(tmp_path, installation.Addresses())
    parts = {path.name for path in tmp_path.iterdir()}
    assert {f"/secrets/{part}" for part in parts} == set(mounts(_service("secrets")))
    assert _service("secrets")["environment"] == {
        "CULTURE_CONNECT_SECRETS_FOLDER": "/secrets",
        "CULTURE_CONNECT_AMQPS_HOST": "localhost",
    }
    owners = dict(
        word.removeprefix("--owner=").split("=")
        for word in _service("secrets")["command"]
        if word.startswith("--owner=")
    )
    assert set(owners) == parts - {STORE_FOLDER}
    for name, service in COMPOSE["services"].items():
        for source in mounts(service).values():
            part = source.removeprefix("secrets-")
            if name != "secrets" and part in owners and "user" in service:
                assert service["user"] == f"{owners[part]}:{owners[part]}", f"{name} cannot read {source}"


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("suffix", ["", "-migrate"])
def test_a_service_finds_all_its_settings(
    name: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.provision(tmp_path, installation.Addresses())
    service = _service(f"{name}{suffix}")
    environment = {**_image_environment(name), **service["environment"]}
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value.replace("/run/culture-connect", str(tmp_path / name)))
    settings = load(SETTINGS[name])

    assert settings.http_host == "0.0.0.0"  # noqa: S104 - of the container, which publishes on the loopback
    assert settings.http_port == 8000
    assert settings.database_url.split("@")[1] == "postgres:5432/culture_connect"
    assert settings.core_url.split("@")[1] == "rabbitmq:5672/core"
    known = {f"{PREFIX}{field.upper()}" for field in SETTINGS[name].model_fields} | {f"{PREFIX}SECRETS_DIR"}
    assert {variable for variable in environment if variable.startswith(PREFIX)} <= known
    dealt = {path.name.upper() for path in (tmp_path / name).iterdir() if path.name.startswith("culture_connect_")}
    assert dealt <= known


@pytest.mark.parametrize("name", SERVICES)
def test_a_health_check_asks_the_port_that_the_service_listens_on(name: str) -> None:
    port = _image_environment(name)[f"{PREFIX}HTTP_PORT"]
    service = _service(name)
    assert f"http://127.0.0.1:{port}/health/ready" in service["healthcheck"]["test"][-1]
    public = service["environment"].get(f"{PREFIX}PUBLIC_PORT")
    assert [published.rpartition(":")[2] for published in service["ports"]] == [port, *([public] if public else [])]


@pytest.mark.parametrize("name", SERVICES)
def test_figures_have_a_port_of_their_own_that_is_published_nowhere_and_known_to_the_tools(name: str) -> None:
    port = _service(name)["environment"][f"{PREFIX}METRICS_PORT"]
    assert port == _service("tools")["environment"][f"{PREFIX}METRICS_PORT"]
    assert port not in [published.rpartition(":")[2] for published in _service(name)["ports"]]
    assert set(_service("tools")["networks"]) & set(_service(name)["networks"]) == {"bus"}


def test_servers_are_found_under_the_names_that_the_secrets_give_them() -> None:
    addresses = installation.Addresses()
    for address, program in ((addresses.database, "postgres"), (addresses.broker, "rabbitmq")):
        assert address.partition(":")[0] == program
    shared = {
        network
        for name in SERVICES
        for network in ("bus", "data")
        if network in _service(name)["networks"] and network in (*_service("postgres")["networks"], "bus")
    }
    assert shared == {"bus", "data"}
    assert _service("postgres")["environment"]["POSTGRES_DB"] == installation.DATABASE
    password = Path(_service("postgres")["environment"]["POSTGRES_PASSWORD_FILE"])
    assert password.name == installation.SUPERUSER_FILE
    assert str(password.parent) in mounts(_service("postgres"))


def _image_environment(name: str) -> dict[str, str]:
    final = dockerfile(_service(name)["build"]["dockerfile"])[-1]
    words = [word for instruction in final if instruction.name == "ENV" for word in instruction.words]
    pairs = dict(word.split("=", 1) for word in words)
    return {key: value for key, value in pairs.items() if key.startswith(PREFIX)}
