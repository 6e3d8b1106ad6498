"""The messages of the HR systems of a storm, and their expected effects."""

import random

import pytest

from tests.storm.employees import EmployeeStatus, Sent, Staff, Style


def said(style: Style, seed: int, count: int = 400) -> tuple[Staff, list[Sent]]:
    staff = Staff.of("acme", style, 10, random.Random(seed))
    return staff, [staff.next() for _ in range(count)]


@pytest.mark.parametrize("seed", range(10))
def test_only_what_was_overtaken_is_to_be_refused(seed: int) -> None:
    _, sent = said("exact", seed)
    newest: dict[str, Sent] = {}
    for each in sent:
        before = newest.get(each.employee_ref)
        assert (each.expected == "refused") == (before is not None and each.time < before.time)
        if each.expected != "refused":
            newest[each.employee_ref] = each


@pytest.mark.parametrize("seed", range(10))
def test_the_last_message_that_was_not_overtaken_says_where_an_employee_stands(seed: int) -> None:
    staff, _ = said("seconds", seed)
    statuses = {
        "requested": EmployeeStatus.ENROLLED,
        "withdrawn": EmployeeStatus.WITHDRAWN,
        "erased": EmployeeStatus.ERASED,
    }
    for employee in staff.employees:
        last = [each for each in employee.sent if each.expected != "refused"][-1]
        assert employee.status is statuses[last.verb]


def test_who_does_not_date_messages_overtakes_none() -> None:
    _, sent = said("none", 1)
    assert "refused" not in {each.expected for each in sent}
