"""`culture-connect enrol` and `participants`, with a registration on loopback."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from culture_connect_cli.main import app
from tests.deploy.fake_registration import TOKEN, Answer, FakeRegistration, listening

COUNTS = {"added": 2, "returning": 0, "changed": 1, "unchanged": 3, "leaving": 0, "faulty": 0}
APPLIED: dict[str, Any] = {
    "applied": True,
    "lines": 6,
    "counts": COUNTS,
    "added": [{"line": 2, "employee_ref": "e-1"}, {"line": 3, "employee_ref": "e-2"}],
    "returning": [],
    "changed": [{"line": 4, "employee_ref": "e-3", "fields": ["email"]}],
    "leaving": [],
    "faults": [],
    "ignored_columns": [],
    "withdrawals_to_confirm": None,
}
SEEN = {**APPLIED, "applied": False}
FAULT = {"line": 17, "field": "email", "code": "invalid", "message": "not an address"}
SUMMARY = "6 lines: 2 added, 0 returning, 1 changed, 3 unchanged, 0 leaving, 0 faulty\n"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def registration() -> Iterator[FakeRegistration]:
    """See `FakeRegistration`."""
    with listening() as registration:
        yield registration


@pytest.fixture
def command(registration: FakeRegistration, tmp_path: Path) -> Command:
    """Runs `culture-connect ...`; gives back its status, what it printed, and what it complained about."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    environment = {
        "CULTURE_CONNECT_HOME": str(tmp_path),
        "CULTURE_CONNECT_REGISTRATION_URL": registration.url,
        "CULTURE_CONNECT_TOKEN_FILE": str(token),
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments, env=environment)
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The export of an HR system."""
    file = tmp_path / "employees.csv"
    file.write_bytes("employee_ref;given_name\r\ne-1;Zoë\r\n".encode("cp1252"))
    return str(file)


def told(body: object, *, status: int = 200, hangs_up: bool = False) -> Answer:
    """The answer of the import, in pieces that end in the middle of lines."""
    stages = [{"stage": "reading", "done": done, "total": 6} for done in (0, 3, 6)]
    documents = [*stages, {"stage": "deciding", "done": 6, "total": 6}, {"status": status, "body": body}]
    content = b"".join(json.dumps(each).encode() + b"\n" for each in documents)
    pieces = [content[start : start + 50] for start in range(0, len(content), 50)]
    return Answer(200, "application/x-ndjson", pieces[:3] if hangs_up else pieces, hangs_up)


def test_a_file_is_applied_as_it_is(command: Command, registration: FakeRegistration, file: str) -> None:
    registration.answers = [told(APPLIED)]
    status, printed, complaint = command("enrol", "acme", file, "--full", "--on-error", "skip")
    assert (status, printed) == (0, f"{SUMMARY}The file is applied.\n")
    assert complaint == "reading: 0 of 6\nreading: 3 of 6\nreading: 6 of 6\ndeciding: 6 of 6\n"
    [asked] = registration.asked
    assert asked.path == "/partners/acme/enrolments/import?dry_run=false&full=true&on_error=skip"
    assert asked.body == Path(file).read_bytes()
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_clean_dry_run_ends_well_and_lists_who_would_change(
    command: Command, registration: FakeRegistration, file: str
) -> None:
    registration.answers = [told(SEEN)]
    status, printed, _ = command("enrol", "acme", file, "--dry-run")
    assert status == 0
    assert printed == (
        f"{SUMMARY}added:\n  line 2: e-1\n  line 3: e-2\nchanged:\n  line 4: e-3 (email)\n"
        "This was a dry run: nothing was changed.\n"
    )
    assert "dry_run=true" in registration.asked[0].path


def test_a_dry_run_that_finds_faults_fails(command: Command, registration: FakeRegistration, file: str) -> None:
    registration.answers = [told({**SEEN, "faults": [FAULT], "ignored_columns": ["de\x1b[2Jpartment"]})]
    status, printed, _ = command("enrol", "acme", file, "--dry-run")
    assert status == 1
    assert "faulty:\n  line 17, email: not an address\n" in printed
    assert "ignored columns: de\N{REPLACEMENT CHARACTER}[2Jpartment\n" in printed


def test_a_dry_run_tells_how_to_confirm(command: Command, registration: FakeRegistration, file: str) -> None:
    registration.answers = [told({**SEEN, "withdrawals_to_confirm": 12})]
    status, printed, _ = command("enrol", "acme", file, "--dry-run", "--full")
    assert status == 1
    assert printed.endswith("12 people would be withdrawn. If that is right, add: --confirm-withdrawals 12\n")


def test_withdrawals_that_are_not_confirmed_are_refused_with_the_number(
    command: Command, registration: FakeRegistration, file: str
) -> None:
    error = {"field": "confirm_withdrawals", "code": "not-confirmed", "message": "Expected 12"}
    problem = {"title": "Not confirmed", "status": 409, "code": "withdrawals-not-confirmed", "errors": [error]}
    registration.answers = [told(problem, status=409), told(APPLIED)]
    status, printed, complaint = command("enrol", "acme", file, "--full")
    assert status == 1
    assert complaint.endswith("error: Not confirmed\n  confirm_withdrawals: Expected 12\n")
    assert "add: --confirm-withdrawals 12\n" in printed
    assert command("enrol", "acme", file, "--full", "--confirm-withdrawals", "12")[0] == 0
    assert registration.asked[1].path.endswith("&confirm_withdrawals=12")


def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    workbook = tmp_path / "medewerkers.xlsx"
    workbook.write_bytes(b"PK\x03\x04")
    error = {"field": None, "code": "broken_workbook", "message": "is a damaged workbook"}
    problem = {"title": "The file cannot be read", "status": 422, "code": "file-not-usable", "errors": [error]}
    registration.answers = [told(problem, status=422)]
    status, printed, complaint = command("enrol", "acme", str(workbook))
    assert (status, printed) == (1, "")
    assert complaint.endswith("error: medewerkers.xlsx: The file cannot be read\n  is a damaged workbook\n")


def test_a_refusal_names_every_line(command: Command, registration: FakeRegistration, file: str) -> None:
    errors = [{"field": f"line {line}: email", "code": "invalid", "message": "not an address"} for line in (17, 30)]
    problem = {"title": "Lines are faulty", "status": 422, "code": "import-refused", "errors": errors}
    registration.answers = [told(problem, status=422)]
    status, printed, complaint = command("enrol", "acme", file)
    assert (status, printed) == (1, "")
    assert complaint.endswith(
        "error: Lines are faulty\n  line 17: email: not an address\n  line 30: email: not an address\n"
    )


def test_a_connection_lost_on_the_way_is_made_again_with_the_same_key(
    command: Command, registration: FakeRegistration, file: str
) -> None:
    registration.answers = [told(APPLIED, hangs_up=True), told(APPLIED)]
    status, printed, _ = command("enrol", "acme", file)
    assert (status, printed) == (0, f"{SUMMARY}The file is applied.\n")
    first, second = registration.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_sent(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    status, _, complaint = command("enrol", "acme", str(tmp_path / "absent.csv"))
    assert (status, complaint) == (1, f"error: cannot read {tmp_path}/absent.csv: No such file or directory\n")
    assert command("enrol", "acme", str(tmp_path))[2] == f"error: cannot read {tmp_path}: Is a directory\n"
    assert registration.asked == []


def test_a_partner_that_nobody_knows_is_told(command: Command, registration: FakeRegistration, file: str) -> None:
    problem = json.dumps({"title": "There is no such partner", "status": 404, "code": "not-found"}).encode()
    registration.answers = [Answer(404, "application/problem+json", [problem])] * 2
    assert command("enrol", "nobody", file) == (1, "", "error: There is no such partner\n")
    assert command("participants", "nobody") == (1, "", "error: There is no such partner\n")


def test_the_export_goes_to_a_file_for_its_owner_alone(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    content = "\ufeffemployee_ref;given_name\r\ne-1;Zoë\r\n".encode()
    registration.answers = [Answer(200, "text/csv", [content[:10], content[10:]])]
    target = tmp_path / "export.csv"
    target.write_text("of last time")
    target.chmod(0o644)
    status, printed, _ = command("participants", "acme", "--output", str(target))
    assert (status, printed) == (0, f"The participants of acme are in {target}, which only you can read.\n")
    assert registration.asked[0].path == "/partners/acme/participants/export"
    assert target.read_bytes() == content
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_an_export_that_breaks_off_leaves_the_file_as_it_was(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    registration.answers = [Answer(200, "text/csv", [b"employee_ref;"], hangs_up=True)]
    target = tmp_path / "export.csv"
    target.write_text("of last time")
    before = sorted(tmp_path.iterdir())
    status, _, complaint = command("participants", "acme", "--output", str(target))
    assert status == 1
    assert "broke" in complaint
    assert target.read_text() == "of last time"
    assert sorted(tmp_path.iterdir()) == before


def test_an_export_without_a_file_is_printed_byte_for_byte(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    registration.answers = [Answer(200, "text/csv", [b"employee_ref;given_name\r\ne-1;Zo\xc3\xab\r\n"])]
    assert command("participants", "acme")[:2] == (0, "employee_ref;given_name\r\ne-1;Zoë\r\n".replace("\r\n", "\n"))


def test_a_file_that_cannot_be_written_is_named(
    command: Command, registration: FakeRegistration, tmp_path: Path
) -> None:
    registration.answers = [Answer(200, "text/csv", [b"employee_ref\r\n"])]
    target = tmp_path / "absent" / "export.csv"
    status, _, complaint = command("participants", "acme", "--output", str(target))
    assert (status, complaint) == (1, f"error: cannot write {target}: No such file or directory\n")
