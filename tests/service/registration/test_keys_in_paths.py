"""No reference of an employee leads a request to something else than that employee."""

from urllib.parse import quote

import pytest

from tests.service.registration.clocks import Clocks
from tests.service.registration.files import file, line, named, standings, take_in
from tests.service.registration.house import Connect, House, person

UNFIT = ["..", ".", "../..", "a/../b", "/a", "a/", "a//b", "./a", "%2e%2E", ".%2e", "a\\..\\b", "\\a"]
FIT = ["a.b", "...", "a/b", "..a", "a%2eb", "NL/0042/7", ".a/b.", "e 1?#&"]


@pytest.mark.parametrize("ref", UNFIT)
async def test_a_reference_that_an_address_cannot_carry_is_refused(house: House, ref: str) -> None:
    await house.register("acme")
    answer = await house.api.post("/partners/acme/enrolments", json=person(ref, email="x@example.org"))
    assert named(answer, 422, "invalid-request") == [("employee_ref", "not_addressable")]
    answer = await take_in(house, file(line(ref, email="x@example.org")))
    assert named(answer, 422, "import-refused") == [("line 2: employee_ref", "not_addressable")]
    assert await standings(house) == {}


async def test_an_hr_system_hears_that_too(house: House, connect: Connect) -> None:
    await house.register("acme")
    acme = await connect("acme")
    assert await acme.outcome(await acme.enrol("..", email="x@example.org")) == "not_addressable"
    assert await acme.outcome(await acme.enrol("a.b")) == "enrolled"


@pytest.mark.parametrize("ref", FIT)
async def test_other_references_lead_to_their_employee(house: House, ref: str) -> None:
    await house.register("acme")
    await house.enrol("acme", ref, email="x@example.org")
    path = f"/partners/acme/participants/{quote(ref, safe='')}"
    assert (await house.api.post(f"{path}/withdraw")).is_success
    assert await standings(house) == {ref: "withdrawn"}
    assert (await house.api.delete(path)).status_code == 202
    assert await standings(house) == {}


async def test_an_address_that_a_client_shortened_ends_no_partner(house: House) -> None:
    await house.register("acme")
    await house.enrol("acme", "e-1")
    for shortened in ("/partners/acme", "/partners/acme/", "/partners/acme/participants/"):
        answer = await house.api.delete(shortened, follow_redirects=True)
        assert answer.is_client_error, shortened
    assert await standings(house) == {"e-1": "enrolled"}
    assert (await house.api.get("/partners/acme")).json()["left_at"] is None


async def test_who_was_enrolled_with_such_a_reference_can_still_leave(
    house: House, connect: Connect, clocks: Clocks
) -> None:
    await house.register("acme")
    acme = await connect("acme")
    await house.enrol("acme", "e-1")
    await clocks.execute("update participants set employee_ref = '..'")
    assert await acme.outcome(await acme.send("enrolment.withdrawn", {"employee_ref": ".."})) == "withdrawn"
    assert await acme.outcome(await acme.send("enrolment.erased", {"employee_ref": ".."})) == "erased"
