"""`culture-connect enrol` and `participants` as people run them, on the whole system."""

import asyncio
import stat
from pathlib import Path

import pytest

from tests.support.command import TIMEOUT, culture_connect
from tests.support.system import System, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_a_file_is_looked_at_applied_and_found_again_in_the_export(system: System, tmp_path: Path) -> None:
    await system.register("filed", places=20)
    file, export = tmp_path / "employees.csv", tmp_path / "export.csv"

    write(file, range(6), spoilt="e-3")
    status, printed = await run(system, "enrol", "filed", str(file))
    assert status == 1, printed
    assert "line 5: email" in printed

    write(file, range(6))
    status, printed = await run(system, "enrol", "filed", str(file), "--dry-run")
    assert status == 0, printed
    assert "6 lines: 6 added, 0 returning, 0 changed, 0 unchanged, 0 leaving, 0 faulty" in printed
    assert "  line 7: e-5\n" in printed
    for told in ("6 added, 0 returning, 0 changed, 0 unchanged", "0 added, 0 returning, 0 changed, 6 unchanged"):
        status, printed = await run(system, "enrol", "filed", str(file))
        assert status == 0, printed
        assert told in printed

    write(file, range(3))
    status, printed = await run(system, "enrol", "filed", str(file), "--full")
    assert status == 1, printed
    assert "add: --confirm-withdrawals 3\n" in printed
    status, printed = await run(system, "enrol", "filed", str(file), "--full", "--confirm-withdrawals", "3")
    assert status == 0, printed
    assert "3 leaving" in printed

    status, printed = await run(system, "participants", "filed", "--output", str(export))
    assert status == 0, printed
    assert stat.S_IMODE(export.stat().st_mode) == 0o600
    assert "e0@filed.example" in export.read_text(encoding="utf-8-sig")


async def test_an_unknown_partner_is_told(system: System, tmp_path: Path) -> None:
    file = tmp_path / "employees.csv"
    write(file, range(1))
    for arguments in (("enrol", "nobody-at-all", str(file)), ("participants", "nobody-at-all")):
        status, printed = await run(system, *arguments)
        assert status == 1
        assert "error: " in printed


def write(file: Path, numbers: range, *, spoilt: str | None = None) -> None:
    """The file of an HR system, in which the address of `spoilt` is none."""
    # On a day that no other test has an evening on.
    day = in_days(151)
    rows = [f"e-{number};Given{number};Family{number};e{number}@filed.example;{day};{day}" for number in numbers]
    spoilt_rows = [row.replace("@", " at ") if row.startswith(f"{spoilt};") else row for row in rows]
    header = "Personeelsnummer;Voornaam;Achternaam;E-mail;Startdatum;Einddatum"
    file.write_text("\r\n".join([header, *spoilt_rows, ""]), encoding="utf-8", newline="")


async def run(system: System, *arguments: str) -> tuple[int, str]:
    """Status and all that was printed."""
    command = culture_connect(*arguments, home=system.stack.home.folder)
    printed, _ = await asyncio.to_thread(command.communicate, timeout=TIMEOUT)
    return command.returncode, printed
