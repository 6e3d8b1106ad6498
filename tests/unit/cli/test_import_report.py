"""The report on a file, as people read it."""

from typing import Any

import pytest

from culture_connect_cli.api.client import ApiError
from culture_connect_cli.enrolment_import import is_successful, report_lines, withdrawals_to_confirm

QUIET: dict[str, Any] = {
    "applied": False,
    "lines": 0,
    "counts": dict.fromkeys(("added", "returning", "changed", "unchanged", "leaving", "faulty"), 0),
    "added": [],
    "returning": [],
    "changed": [],
    "leaving": [],
    "faults": [],
    "ignored_columns": [],
    "withdrawals_to_confirm": None,
}
FAULT = {"line": 17, "field": "email", "code": "invalid", "message": "not an address"}


def test_a_dry_run_shows_who_would_change_and_how() -> None:
    report = {
        **QUIET,
        "lines": 6,
        "counts": {"added": 1, "returning": 1, "changed": 1, "unchanged": 1, "leaving": 1, "faulty": 2},
        "added": [{"line": 2, "employee_ref": "e-1"}],
        "returning": [{"line": 3, "employee_ref": "e-2"}],
        "changed": [{"line": 4, "employee_ref": "e-3", "fields": ["email", "family_name"]}],
        "leaving": [{"employee_ref": "e-9"}],
        "faults": [FAULT, {"line": 18, "field": None, "code": "too-few", "message": "has 2 fields instead of 5"}],
        "ignored_columns": ["department", "phone"],
    }
    assert list(report_lines(report, dry_run=True)) == [
        "6 lines: 1 added, 1 returning, 1 changed, 1 unchanged, 1 leaving, 2 faulty",
        "added:",
        "  line 2: e-1",
        "returning:",
        "  line 3: e-2",
        "changed:",
        "  line 4: e-3 (email, family_name)",
        "leaving:",
        "  e-9",
        "faulty:",
        "  line 17, email: not an address",
        "  line 18: has 2 fields instead of 5",
        "ignored columns: department, phone",
    ]


def test_the_first_twenty_of_a_list_are_shown_and_the_others_counted() -> None:
    added = [{"line": number + 2, "employee_ref": f"e-{number}"} for number in range(33)]
    lines = list(report_lines({**QUIET, "added": added}, dry_run=True))
    assert lines[2:][0] == "  line 2: e-0"
    assert lines[-2:] == ["  line 21: e-19", "  and 13 more"]
    exactly = list(report_lines({**QUIET, "added": added[:20]}, dry_run=True))
    assert exactly[-1] == "  line 21: e-19"


def test_every_faulty_line_is_told() -> None:
    faults = [{**FAULT, "line": line} for line in range(2, 102)]
    lines = list(report_lines({**QUIET, "faults": faults}, dry_run=False))
    assert len([line for line in lines if "not an address" in line]) == 100


def test_what_was_applied_is_counted_but_not_listed() -> None:
    report = {**QUIET, "applied": True, "added": [{"line": 2, "employee_ref": "e-1"}]}
    assert "e-1" not in "".join(report_lines(report, dry_run=False))


@pytest.mark.parametrize(
    ("changes", "dry_run", "settled"),
    [
        ({"applied": True}, False, True),
        ({"applied": True, "faults": [FAULT]}, False, True),
        ({"applied": False}, False, False),
        ({}, True, True),
        ({"faults": [FAULT]}, True, False),
        ({"withdrawals_to_confirm": 12}, True, False),
    ],
)
def test_a_file_is_settled_when_it_was_applied_or_could_be(
    changes: dict[str, Any], dry_run: bool, settled: bool
) -> None:
    assert is_successful({**QUIET, **changes}, dry_run=dry_run) is settled


def test_only_a_refusal_for_want_of_confirmation_asks_for_it() -> None:
    text = "title: 20% is much\n  confirm_withdrawals: Expected 12"
    assert withdrawals_to_confirm(ApiError(text, 409, "withdrawals-not-confirmed")) == 12
    assert withdrawals_to_confirm(ApiError(text, 422, "import-refused")) is None
    assert withdrawals_to_confirm({**QUIET, "withdrawals_to_confirm": 3}) == 3
    assert withdrawals_to_confirm(QUIET) is None
