"""From the images of the last release to those of this tree, with the data that is there."""

import io
import secrets
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from culture_connect_cli.demo.sample_data import PARTNERS
from tests.containers.installation import ROOT, SERVICES, Installation
from tests.containers.season import onboard, scenario_on, state_of
from tests.support.external_clients import Sending, send_until_confirmed
from tests.support.probes import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]

# The last release; to be moved when there is another.
RELEASE = "436818d2948704117ddf6469d4e1fb425835030c"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the last release."""
    folder = tmp_path_factory.mktemp("released")
    packed = subprocess.run(["git", "archive", RELEASE], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def old(released: Path) -> Iterator[Installation]:
    """An installation of the last release, healthy; at the end the images are again those of this tree."""
    made = Installation(f"culture-connect-{secrets.token_hex(4)}", released)
    try:
        made.build()
        made.up()
        yield made
    finally:
        new = made.of(ROOT)
        new.build()
        new.down(volumes=True)


async def test_an_upgrade_keeps_people_seats_accounts_tokens_and_messages_that_wait(old: Installation) -> None:
    accounts = onboard(old)
    async with scenario_on(old, accounts) as scenario:
        await scenario.play()
        assert scenario.missing == []
    before, token, images = await state_of(old), old.token(), _images(old)
    # Somebody is enrolled while registration is down: the message waits in the broker.
    old.compose("stop", "registration")
    person = {**PARTNERS[1].people[0], "employee_ref": "acme-late", "email": "late@acme.example"}
    await send_until_confirmed(accounts["hr.acme"], [Sending("late", "enrolment.requested", person)])

    new = old.of(ROOT)
    new.build()
    new.up()

    assert {name for name, image in _images(new).items() if image != images[name]} >= set(SERVICES)
    assert new.token() == token
    await until(
        lambda: state_of(new),
        lambda state: state["participants"] == before["participants"] + 1,
        "the message that waited",
        timeout=60,
    )
    assert (await state_of(new))["seats"] == before["seats"]
    assert "All is well." in new.tools("doctor")
    async with scenario_on(new, accounts) as scenario:
        await scenario.play()
        assert scenario.missing == []


def _images(installation: Installation) -> dict[str, str]:
    """The image of each container that runs."""
    return {name: container["Image"] for name, container in installation.containers().items()}
