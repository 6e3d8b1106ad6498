"""`culture-connect person export` as an operator runs it, on the whole system."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from tests.support.command import TIMEOUT, culture_connect
from tests.support.probes import until
from tests.support.system import System, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_what_the_three_services_hold_of_a_person_comes_as_one_file(system: System, tmp_path: Path) -> None:
    await system.register("asking", places=5)
    body = {"employee_ref": "E-7", "given_name": "Zoë", "family_name": "Ask", "email": "zoe@asking.example"}
    # On a day that no other test has an evening on.
    day = in_days(151).isoformat()
    person = await system.post(
        "registration", "/partners/asking/enrolments", {**body, "starts_on": day, "ends_on": day}
    )
    file = tmp_path / "person.json"

    async def found() -> dict[str, dict[str, list[object]]]:
        arguments = ("person", "export", "asking", "E-7", "--output", str(file))
        command = culture_connect(*arguments, home=system.stack.home.folder)
        printed, _ = await asyncio.to_thread(command.communicate, timeout=TIMEOUT)
        assert command.returncode == 0, printed
        return dict(json.loads(file.read_text())["services"])

    services = await until(
        found,
        lambda held: bool(held["ticketing"]["participants"] and held["notifications"]["contacts"]),
        "all three services to know the person",
        timeout=60,
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["participant_id"] == person["participant_id"]
    assert set(services) == {"registration", "ticketing", "notifications"}
