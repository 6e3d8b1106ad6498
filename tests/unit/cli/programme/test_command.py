"""`culture-connect programme apply` as it is typed, against a server on the loopback."""

import errno
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from culture_connect_cli.commands.programme import confirm
from culture_connect_cli.main import app
from culture_connect_cli.programme.evening_ids import with_ids
from tests.unit.cli.programme.registration import FakeRegistration
from tests.unit.cli.programme.season import evening, file

TOKEN = "of-the-desk"
# So far away that it is not over while these tests are run.
SEASON, DAY, LATER = "2096-2097", "2096-09-27", "2096-10-04"


@pytest.fixture
def registration() -> FakeRegistration:
    return FakeRegistration()


@pytest.fixture
def environment(registration: FakeRegistration, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of the command: registration's address and the token file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = httpx.Request(self.command, f"http://registration{self.path}", content=body)
            request.headers.update(self.headers.items())
            known = self.headers["authorization"] == f"Bearer {TOKEN}"
            answer = registration.handle(request) if known else httpx.Response(401)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing is printed among the results of tests."""

    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield {
            "CULTURE_CONNECT_REGISTRATION_URL": f"http://127.0.0.1:{server.server_port}",
            "CULTURE_CONNECT_TOKEN_FILE": str(token),
        }
        server.shutdown()
        thread.join()


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """A file with one evening."""
    path = tmp_path / "season.yaml"
    path.write_text(file(evening("paard", DAY), season=SEASON), encoding="utf-8")
    return path


def command(environment: dict[str, str], *arguments: str, typed: str = "", verb: str = "apply") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["programme", verb, *arguments], env=environment, input=typed)
    return result.exit_code, result.stdout, result.stderr


def test_it_shows_does_and_then_finds_nothing_to_do(
    environment: dict[str, str], season: Path, registration: FakeRegistration
) -> None:
    line = f"+ schedule PAARD, {DAY} 19:30, “Evening at paard”\n"
    assert command(environment, str(season), "--dry-run") == (0, line, "")
    assert registration.written == []
    assert command(environment, str(season), "--yes") == (0, f"{line}Done: 0 called off, 0 changed, 1 scheduled.\n", "")
    nothing = "= 1 evening is as in the file\nNothing is to be done.\n"
    assert command(environment, str(season), "--prune") == (0, nothing, "")
    assert registration.written == [("POST", "/evenings")]


def test_a_file_that_is_wrong_ends_it_before_anything_is_sent(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(file(evening("paard", "2026-09-24", capacity="0")), encoding="utf-8")
    told = "error: the file is not used and nothing was sent:\n  evening 1, capacity: must be at least 1\n"
    assert command({"CULTURE_CONNECT_HOME": str(tmp_path)}, str(wrong)) == (1, "", told)


def test_a_token_that_is_not_known_ends_it_with_a_plain_line(environment: dict[str, str], season: Path) -> None:
    Path(environment["CULTURE_CONNECT_TOKEN_FILE"]).write_text("of-somebody")
    url = environment["CULTURE_CONNECT_REGISTRATION_URL"]
    assert command(environment, str(season)) == (1, "", f"error: {url} does not accept this token\n")


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


NO_YES = ["n\n", "no\n", "\n", "", "nee\n", "ok\n", "yes please\n", "yn\n", "0\n", "n\ny\n", "\x00\n"]


@pytest.mark.parametrize("typed", NO_YES)
@pytest.mark.parametrize("where", [Terminal, io.StringIO])
def test_nothing_but_a_yes_is_one(typed: str, where: type[io.StringIO]) -> None:
    assert confirm(where(typed)) is False


@pytest.mark.parametrize("typed", ["y\n", "Yes\n", " y \n", "YES"])
@pytest.mark.parametrize("where", [Terminal, io.StringIO])
def test_a_yes_is_one_wherever_it_comes_from(typed: str, where: type[io.StringIO]) -> None:
    assert confirm(where(typed)) is True


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_a_question_that_gets_no_yes_applies_nothing(
    environment: dict[str, str], season: Path, registration: FakeRegistration, typed: str
) -> None:
    status, said, wrong = command(environment, str(season), typed=typed)
    assert (status, registration.written) == (1, [])
    assert said.endswith("Do this? [y/N] \nNothing was changed.\n")
    assert wrong == ("" if typed else "error: this needs a yes: where nobody can be asked, give --yes\n")
    status, said, _ = command(environment, str(season), typed="y\n")
    assert (status, registration.written) == (0, [("POST", "/evenings")])


@pytest.mark.parametrize("how", [("--yes",), ("--yes", "--prune"), ()])
def test_what_the_file_leaves_in_doubt_is_refused_where_nobody_is_asked_and_says_what_to_write(
    environment: dict[str, str], season: Path, registration: FakeRegistration, how: tuple[str, ...]
) -> None:
    command(environment, str(season), "--yes")
    [first] = registration.evenings
    other = evening("paard", LATER, title={"nl": "Iets anders", "en": "Another thing"})
    season.write_text(file(other, season=SEASON), encoding="utf-8")
    assert command(environment, str(season), *how, typed="y\ny\n") == (
        1,
        "",
        (
            "error: the file is not used and nothing was sent:\n"
            f"  evening 1, evening_id: add `evening_id: {first}` "
            f"if it is PAARD, {DAY} 19:30, “Evening at paard”, moved\n"
            "  evening 1, evening_id: add `evening_id: new` if it is another evening\n"
        ),
    )
    assert len(registration.written) == 1
    status, said, _ = command(environment, str(season), "--dry-run")
    assert (status, said.startswith("? PAARD, "), len(registration.written)) == (0, True, 1)

    season.write_text(file({**other, "evening_id": "new"}, season=SEASON), encoding="utf-8")
    assert command(environment, str(season), "--yes")[0] == 0
    season.write_text(file({**other, "evening_id": str(first)}, season=SEASON), encoding="utf-8")
    status, _, wrong = command(environment, str(season), "--yes")
    assert (status, "which is not in the file" in wrong, len(registration.evenings)) == (1, True, 2)


COMMENTED = """\
# The season of the house
season: 2096-2097

evenings:
  # The launch
  - venue: paard   # on the canal
    title: &launch {nl: Eerste klank, en: First note}
    theme: *launch
    starts_at: 2096-09-27 19:30
    ends_at: 2096-09-27 23:00
    capacity: 200
    programme: &parts
      - {kind: concert, title: *launch, starts_at: 19:30, ends_at: 21:00}
      - {kind: in-depth, title: *launch, starts_at: 21:00, ends_at: 21:45}
      - {kind: drinks, title: *launch, starts_at: 21:45, ends_at: 23:00}
  - {venue: ndt, title: *launch, theme: *launch, starts_at: 2096-10-04 19:30, ends_at: 2096-10-04 23:00, capacity: 90,
     programme: *parts}
  -
    evening_id: new
    venue: paard
    title: {nl: Tweede klank, en: Second note}
    theme: *launch
    starts_at: 2096-10-11 19:30
    ends_at: 2096-10-11 23:00
    capacity: 200
    programme: *parts
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_ids_are_written_into_the_file_and_all_else_stays_as_it_was(
    environment: dict[str, str], tmp_path: Path, registration: FakeRegistration, line_end: str
) -> None:
    path = tmp_path / "season.yaml"
    text = COMMENTED.replace("\n", line_end)
    path.write_bytes(text.encode())
    assert command(environment, str(path), verb="ids") == (0, "No id is missing that the programme knows.\n", "")
    assert path.read_bytes() == text.encode()

    assert command(environment, str(path), "--yes")[0] == 0
    first, second, third = (each.evening_id for each in registration.live())
    assert command(environment, str(path), verb="ids") == (0, "3 ids written.\n", "")
    # A line of its own has the line end of the program, which every reader takes.
    assert path.read_bytes().decode().replace("\r\n", "\n") == (
        COMMENTED.replace("- venue: paard ", f"- evening_id: {first}\n    venue: paard ")
        .replace("{venue", f"{{evening_id: {second}, venue")
        .replace("evening_id: new", f"evening_id: {third}")
    )
    assert command(environment, str(path), "--yes") == (
        0,
        "= 3 evenings are as in the file\nNothing is to be done.\n",
        "",
    )
    assert command(environment, str(path), verb="ids")[1].startswith("No id is missing")


def test_an_evening_that_other_places_of_the_file_refer_to_gets_its_id_too() -> None:
    one = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
    text = "evenings:\n  - &first\n    venue: ndt\n  - &second {venue: paard}\n  - venue: paard\n    evening_id:\n"
    assert with_ids(text, dict.fromkeys((1, 2, 3), one)) == (
        f"evenings:\n  - &first\n    evening_id: {one}\n    venue: ndt\n"
        f"  - &second {{evening_id: {one}, venue: paard}}\n  - venue: paard\n    evening_id: {one}\n"
    )


def test_ids_that_cannot_be_written_end_it_with_a_plain_line(
    environment: dict[str, str], season: Path, registration: FakeRegistration, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(environment, str(season), "--yes")
    text = season.read_bytes()
    as_ever = Path.open

    def read_only(path: Path, mode: str = "r", **more: Any) -> Any:
        # As on a disk that is mounted to be read: root may write to any other file.
        if path == season and mode == "w":
            raise OSError(errno.EROFS, "Read-only file system")
        return as_ever(path, mode, **more)

    monkeypatch.setattr(Path, "open", read_only)
    status, said, wrong = command(environment, str(season), verb="ids")
    assert (status, said, wrong.endswith(f"{season}: Read-only file system\n")) == (1, "", True)
    assert season.read_bytes() == text
