"""`docker compose up`, and everything that the head of `docker-compose.yml` and docs/running.md say of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from culture_connect_cli.accounts import Credentials
from tests.containers.engine import EngineError, docker, succeeds
from tests.containers.installation import SERVICES, ComposeError, Installation
from tests.containers.season import onboard, scenario_on, state_of
from tests.support.command import TIMEOUT, culture_connect
from tests.support.probes import eventually, until
from tests.support.workbooks import workbook

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

SERVERS = ("postgres", "rabbitmq", "mailpit")
ONCE = ("secrets", "database-roles", *(f"{service}-migrate" for service in SERVICES))
MIB = 1024 * 1024
# A program that kills every process of its container but the first and itself.
END = """
import os, signal
for each in filter(str.isdigit, os.listdir("/proc")):
    if int(each) not in (1, os.getpid()):
        os.kill(int(each), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def accounts(installation: Installation) -> dict[str, Credentials]:
    """Every partner and box office of the demo is onboarded."""
    return onboard(installation)


async def test_everything_is_up_and_healthy_and_what_runs_once_has_ended_well(installation: Installation) -> None:
    containers = installation.containers()
    assert set(containers) == {*SERVICES, *SERVERS, *ONCE}
    for name in (*SERVICES, *SERVERS):
        assert containers[name]["State"]["Health"]["Status"] == "healthy"
    for name in ONCE:
        assert containers[name]["State"]["ExitCode"] == 0


async def test_the_season_of_the_demo_is_played_from_outside(
    installation: Installation, accounts: dict[str, Credentials]
) -> None:
    async with scenario_on(installation, accounts) as scenario:
        await scenario.play()
        assert scenario.missing == []
        assert {system.outcomes["enrolled"] for system in scenario.systems.values()} == {10, 12, 15}
        assert len(scenario.letters) > 0


async def test_the_commands_of_the_guide_do_what_it_says(
    installation: Installation, accounts: dict[str, Credentials]
) -> None:
    assert "as the code says" in installation.tools("topology", "verify")
    assert "All is well." in installation.tools("doctor")
    listed = installation.tools("account", "list")
    assert "zeebank" in listed
    assert "paard" in listed


async def test_a_new_token_works_without_a_restart(installation: Installation) -> None:
    printed = installation.compose("run", "--rm", "--no-TTY", "secrets", "token", "add", "desk", "--scope", "programme")
    token = max(printed.split(), key=len)

    async def status() -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = {"Authorization": f"Bearer {token}"}
            return (await client.get(f"{installation.url('registration')}/evenings", headers=headers)).status_code

    await eventually(status, 200, "the status for the new token", timeout=60)


async def test_a_workbook_is_read_within_the_limits_of_its_container(
    installation: Installation, accounts: dict[str, Credentials], tmp_path: Path
) -> None:
    rows = [(f"x-{number}", "Noor", "de Vries", f"x{number}@acme.example") for number in range(2_000)]
    file, token = tmp_path / "employees.xlsx", tmp_path / "token"
    file.write_bytes(workbook(*rows))
    token.touch(mode=0o600)
    token.write_text(installation.token())
    # Only meanwhile: seats are allotted in proportion to places.
    async with _places(installation, "acme", 5_000):
        command = culture_connect(
            *("enrol", "acme", str(file), "--dry-run"),
            home=tmp_path,
            CULTURE_CONNECT_REGISTRATION_URL=installation.url("registration"),
            CULTURE_CONNECT_TOKEN_FILE=str(token),
        )
        printed, _ = await asyncio.to_thread(command.communicate, timeout=TIMEOUT)
    assert command.returncode == 0, printed
    assert "2000 added" in printed


async def test_every_container_is_confined(installation: Installation) -> None:
    for name, container in installation.containers().items():
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"] is True, name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["Privileged"] is False, name
        assert 0 < host["Memory"] <= 1536 * MIB, name
        assert host["PidsLimit"] == 256, name
        assert host["RestartPolicy"]["Name"] == ("no" if name in ONCE else "unless-stopped")
        if name != "secrets":
            assert container["Config"]["User"] in ("999:999", "10001:10001"), name
            assert not host["CapAdd"], name


@pytest.mark.parametrize("name", [*SERVICES, *SERVERS])
async def test_no_process_of_a_container_has_a_privilege_or_can_write_to_its_files(
    installation: Installation, name: str
) -> None:
    id_ = installation.container(name)["Id"]
    status = docker("exec", id_, "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"
    with pytest.raises(EngineError, match="Read-only file system"):
        docker("exec", id_, "touch", "/usr/written")


async def test_no_secret_is_in_what_docker_tells_of_containers_and_images(
    installation: Installation, accounts: dict[str, Credentials]
) -> None:
    kept = installation.compose(
        "run", "--rm", "--no-TTY", "--entrypoint", "sh", "secrets", "-c", "cat /secrets/vault/*.json"
    )
    secrets = _texts(json.loads(kept))
    assert len(secrets) > 20
    images = [f"culture-connect/{name}" for name in (*SERVICES, "tools")]
    told = [
        docker("inspect", *(container["Id"] for container in installation.containers().values())),
        docker("image", "inspect", *images),
        *(docker("history", "--no-trunc", image) for image in images),
        installation.compose("config"),
        installation.compose("logs", "--no-color"),
    ]
    # The names of accounts are no secrets.
    assert [secret[:4] for secret in secrets for text in told if len(secret) >= 16 and secret in text] == []


async def test_memory_has_a_limit_that_the_broker_knows(installation: Installation) -> None:
    container = installation.container("rabbitmq")
    told = docker("exec", container["Id"], "rabbitmqctl", "eval", "vm_memory_monitor:get_total_memory().")
    assert int(told) == container["HostConfig"]["Memory"]


async def test_what_ends_by_itself_starts_again(installation: Installation) -> None:
    before = installation.container("ticketing")
    # From within: a kill from outside is a stop to Docker, which does not start it again.
    succeeds("exec", before["Id"], "python", "-c", END)

    def restarts() -> int:
        return int(installation.container("ticketing")["RestartCount"])

    await until(restarts, lambda count: count > before["RestartCount"], "ticketing to start again", timeout=60)
    await eventually(lambda: installation.health("ticketing"), "healthy", "ticketing", timeout=90)


async def test_health_tells_when_the_database_stands_still_and_when_it_is_back(installation: Installation) -> None:
    database = installation.container("postgres")["Id"]
    docker("pause", database)
    try:
        await eventually(lambda: _health(installation), ["unhealthy"] * 3, "the services", timeout=150)
    finally:
        docker("unpause", database)
    await eventually(lambda: _health(installation), ["healthy"] * 3, "the services", timeout=90)


async def test_after_down_and_up_it_goes_on_with_its_data_and_its_secrets(
    installation: Installation, accounts: dict[str, Credentials]
) -> None:
    before, token = await state_of(installation), installation.token()
    assert before["participants"] == 36
    installation.down()
    assert installation.compose("ps", "--all", "--quiet") == ""
    installation.up()
    assert await state_of(installation) == before
    assert installation.token() == token
    assert "All is well." in installation.tools("doctor")
    async with scenario_on(installation, accounts) as scenario:
        await scenario.play()
        assert scenario.missing == []


async def test_a_port_in_use_is_told_by_name(installation: Installation) -> None:
    second = Installation(f"{installation.project}-second", ports=installation.ports)
    try:
        with pytest.raises(ComposeError, match="port is already allocated"):
            second.up("mailpit")
    finally:
        second.down(volumes=True)


@asynccontextmanager
async def _places(installation: Installation, partner: str, places: int) -> AsyncIterator[None]:
    """The partner has so many places while the block runs."""
    headers = {"Authorization": f"Bearer {installation.token()}"}
    url = f"{installation.url('registration')}/partners/{partner}"
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:

        async def change(wanted: int) -> int:
            known = (await client.get(url)).raise_for_status()
            etag = {"If-Match": known.headers["ETag"]}
            (await client.patch(url, json={"places": wanted}, headers=etag)).raise_for_status()
            return int(known.json()["places"])

        before = await change(places)
        yield
        await change(before)


def _health(installation: Installation) -> list[str]:
    return [installation.health(service) for service in SERVICES]


def _texts(part: object) -> list[str]:
    """Every text in nested JSON."""
    if isinstance(part, dict):
        return [text for each in part.values() for text in _texts(each)]
    if isinstance(part, list):
        return [text for each in part for text in _texts(each)]
    return [part] if isinstance(part, str) else []
