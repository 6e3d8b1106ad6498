"""`culture-connect programme apply` as it is typed, against a server on the loopback."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from culture_connect_cli.commands.programme import agreed
from culture_connect_cli.main import app
from tests.unit.cli.programme.registration import FakeRegistration
from tests.unit.cli.programme.season import evening, file

TOKEN = "of-the-desk"


@pytest.fixture
def registration() -> FakeRegistration:
    return FakeRegistration()


@pytest.fixture
def environment(registration: FakeRegistration, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the command is told: where registration answers, and with which token."""

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
    path.write_text(file(evening("paard", "2026-09-24")), encoding="utf-8")
    return path


def command(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["programme", "apply", *arguments], env=environment)
    return result.exit_code, result.stdout, result.stderr


def test_it_shows_does_and_then_finds_nothing_to_do(
    environment: dict[str, str], season: Path, registration: FakeRegistration
) -> None:
    line = "+ schedule PAARD, 2026-09-24 19:30, “Evening at paard”\n"
    assert command(environment, str(season), "--dry-run") == (0, line, "")
    assert registration.written == []
    assert command(environment, str(season)) == (0, f"{line}Done: 0 called off, 0 changed, 1 scheduled.\n", "")
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


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("Yes\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_somebody_at_a_terminal_is_asked(typed: str, answer: bool) -> None:
    assert agreed(Terminal(typed)) is answer


def test_without_a_terminal_nobody_is_asked() -> None:
    assert agreed(io.StringIO("no\n")) is True
