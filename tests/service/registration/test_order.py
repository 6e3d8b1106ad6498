"""Messages of an HR system that overtook each other, all the way: who left stays away, and HR is told why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from culture_connect.contracts.envelope import written_time
from tests.service.registration.daily_job import Clocks
from tests.service.registration.files import counts, file, line, standings
from tests.service.registration.harness import Connect, Harness, HrSystem, person

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def acme(harness: Harness, connect: Connect) -> HrSystem:
    """The HR system of a partner."""
    await harness.register("acme")
    return await connect("acme")


async def answer_to(acme: HrSystem, type_: str, sent_at: datetime, **data: Any) -> str:
    """Returns what becomes of a message about e-1 that arrives now and was sent at this moment."""
    about = {"employee_ref": "e-1", **data}
    return await acme.outcome(await acme.send(type_, about, headers={"ce-time": written_time(sent_at)}))


async def test_a_request_that_a_withdrawal_overtook_enrols_nobody_again(harness: Harness, acme: HrSystem) -> None:
    said = person("e-1")
    assert await answer_to(acme, "enrolment.requested", HOUR_AGO, **said) == "enrolled"
    assert await answer_to(acme, "enrolment.withdrawn", HOUR_AGO + timedelta(minutes=2)) == "withdrawn"
    late = await acme.send(
        "enrolment.requested", said, headers={"ce-time": written_time(HOUR_AGO + timedelta(minutes=1))}
    )
    [error] = (await acme.receipt(late)).data["errors"]

    assert (error["field"], error["code"]) == ("employee_ref", "superseded")
    assert written_time(HOUR_AGO + timedelta(minutes=2)) in error["message"]
    assert await standings(harness) == {"e-1": "withdrawn"}
    assert await answer_to(acme, "enrolment.requested", HOUR_AGO + timedelta(minutes=3), **said) == "enrolled"


async def test_an_unchanged_request_is_the_last_word_as_well(harness: Harness, acme: HrSystem) -> None:
    said = person("e-1")
    assert await answer_to(acme, "enrolment.requested", HOUR_AGO, **said) == "enrolled"
    assert await answer_to(acme, "enrolment.requested", HOUR_AGO + timedelta(minutes=2), **said) == "unchanged"
    assert await answer_to(acme, "enrolment.withdrawn", HOUR_AGO + timedelta(minutes=1)) == "superseded"
    assert await answer_to(acme, "enrolment.erased", HOUR_AGO + timedelta(minutes=1)) == "superseded"
    assert await standings(harness) == {"e-1": "enrolled"}


@pytest.mark.parametrize("leaving", ["enrolment.withdrawn", "enrolment.erased"])
async def test_who_left_before_their_enrolment_arrived_is_not_enrolled_by_it(
    harness: Harness, acme: HrSystem, leaving: str
) -> None:
    assert await answer_to(acme, leaving, HOUR_AGO) == "unknown_employee"
    earlier = HOUR_AGO - timedelta(days=90)
    assert await answer_to(acme, "enrolment.requested", earlier, **person("e-1")) == "superseded"
    assert await standings(harness) == {}
    assert await answer_to(acme, "enrolment.requested", HOUR_AGO + timedelta(minutes=1), **person("e-1")) == "enrolled"
    assert await answer_to(acme, leaving, earlier) == "superseded"
    assert await standings(harness) == {"e-1": "enrolled"}


async def test_who_left_before_anybody_knew_them_is_remembered_for_400_days(acme: HrSystem, clocks: Clocks) -> None:
    now = datetime.now(UTC)
    assert await answer_to(acme, "enrolment.withdrawn", now - timedelta(hours=1)) == "unknown_employee"
    assert await answer_to(acme, "enrolment.withdrawn", now) == "unknown_employee"
    assert await answer_to(acme, "enrolment.erased", now - timedelta(minutes=1)) == "unknown_employee"
    found = "select participant_id, erased_at, last_command_at from tombstones"
    assert await clocks.execute(found) == [(None, None, now)]
    await clocks.look(now + timedelta(days=400))
    assert len(await clocks.execute(found)) == 1
    await clocks.look(now + timedelta(days=400, seconds=1))
    assert await clocks.execute(found) == []


async def test_what_is_done_over_http_or_by_a_file_counts_as_much(harness: Harness, acme: HrSystem) -> None:
    before = datetime.now(UTC)
    await harness.enrol("acme", "e-1")
    assert await answer_to(acme, "enrolment.withdrawn", before) == "superseded"
    before = datetime.now(UTC)
    assert (await harness.api.post("/partners/acme/participants/e-1/withdraw")).is_success
    assert await answer_to(acme, "enrolment.requested", before, **person("e-1")) == "superseded"
    assert await standings(harness) == {"e-1": "withdrawn"}
    assert await counts(harness, file(line("e-1"))) == {"returning": 1}
    before = datetime.now(UTC)
    assert await counts(harness, file(line("e-1"))) == {"unchanged": 1}
    assert await answer_to(acme, "enrolment.withdrawn", before) == "superseded"
    assert await standings(harness) == {"e-1": "enrolled"}


async def test_what_was_sent_before_the_partner_left_brings_nobody_back_when_it_returns(
    harness: Harness, acme: HrSystem
) -> None:
    await harness.enrol("acme", "e-1")
    before = datetime.now(UTC)
    assert (await harness.leave("acme")).is_success
    await harness.register("acme")
    assert await answer_to(acme, "enrolment.requested", before, **person("e-1")) == "superseded"
    assert await standings(harness) == {"e-1": "withdrawn"}
