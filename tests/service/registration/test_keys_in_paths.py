"""No reference of an employee leads a request to something else than that employee."""

from urllib.parse import quote

import pytest

from tests.service.registration.daily_job import Clocks
from tests.service.registration.files import file, line, named, standings, take_in
from tests.service.registration.harness import Connect, Harness, person

UNFIT = ["..", ".", "../..", "a/../b", "/a", "a/", "a//b", "./a", "%2e%2E", ".%2e", "a\\..\\b", "\\a"]
FIT = ["a.b", "...", "a/b", "..a", "a%2eb", "NL/0042/7", ".a/b.", "e 1?#&"]


@pytest.mark.parametrize("ref", UNFIT)
async def test_a_reference_that_an_address_cannot_carry_is_refused(harness: Harness, ref: str) -> None:
    await harness.register("acme")
    answer = await harness.api.post("/partners/acme/enrolments", json=person(ref, email="x@example.org"))
    assert named(answer, 422, "invalid-request") == [("employee_ref", "not_addressable")]
    answer = await take_in(harness, file(line(ref, email="x@example.org")))
    assert named(answer, 422, "import-refused") == [("line 2: employee_ref", "not_addressable")]
    assert await standings(harness) == {}


async def test_an_hr_system_hears_that_too(harness: Harness, connect: Connect) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    assert await acme.outcome(await acme.enrol("..", email="x@example.org")) == "not_addressable"
    assert await acme.outcome(await acme.enrol("a.b")) == "enrolled"


@pytest.mark.parametrize("ref", FIT)
async def test_other_references_lead_to_their_employee(harness: Harness, ref: str) -> None:
    await harness.register("acme")
    await harness.enrol("acme", ref, email="x@example.org")
    path = f"/partners/acme/participants/{quote(ref, safe='')}"
    assert (await harness.api.post(f"{path}/withdraw")).is_success
    assert await standings(harness) == {ref: "withdrawn"}
    assert (await harness.api.delete(path)).status_code == 202
    assert await standings(harness) == {}


async def test_an_address_that_a_client_shortened_ends_no_partner(harness: Harness) -> None:
    await harness.register("acme")
    await harness.enrol("acme", "e-1")
    for shortened in ("/partners/acme", "/partners/acme/", "/partners/acme/participants/"):
        answer = await harness.api.delete(shortened, follow_redirects=True)
        assert answer.is_client_error, shortened
    assert await standings(harness) == {"e-1": "enrolled"}
    assert (await harness.api.get("/partners/acme")).json()["left_at"] is None


async def test_who_was_enrolled_with_such_a_reference_can_still_leave(
    harness: Harness, connect: Connect, clocks: Clocks
) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    await harness.enrol("acme", "e-1")
    await clocks.execute("update participants set employee_ref = '..'")
    assert await acme.outcome(await acme.send("enrolment.withdrawn", {"employee_ref": ".."})) == "withdrawn"
    assert await acme.outcome(await acme.send("enrolment.erased", {"employee_ref": ".."})) == "erased"
