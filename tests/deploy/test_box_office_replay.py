"""`culture-connect box-office replay`, with a ticketing on loopback."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from culture_connect.contracts import Venue
from culture_connect.http.problems import MEDIA_TYPE, Problem, not_found
from culture_connect_cli.main import app
from tests.deploy.fake_registration import TOKEN, Answer, FakeRegistration, listening

EVENING = "0d0c6a9e-6a83-4c55-9df2-3e9c1f6b1a57"

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ticketing() -> Iterator[FakeRegistration]:
    """A ticketing that answers as it is told."""
    with listening() as service:
        yield service


@pytest.fixture
def environment(ticketing: FakeRegistration, tmp_path: Path) -> dict[str, str]:
    """Of somebody who works with this ticketing; registration is elsewhere."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    return {
        "CULTURE_CONNECT_HOME": str(tmp_path),
        "CULTURE_CONNECT_REGISTRATION_URL": "http://registration.invalid",
        "CULTURE_CONNECT_TICKETING_URL": ticketing.url,
        "CULTURE_CONNECT_TOKEN_FILE": str(token),
    }


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    """Runs `culture-connect box-office replay ...`; gives back its status, what it printed and complained about."""

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["box-office", "replay", *arguments], env=environment)
        return result.exit_code, result.stdout, result.stderr

    return run


def told(tickets: int) -> Answer:
    """The answer when so many tickets were sent."""
    return Answer(202, "application/json", [json.dumps({"evening_id": EVENING, "tickets": tickets}).encode()])


def refused(problem: Problem) -> Answer:
    """A refusal as the service words it."""
    return Answer(problem.status_code, MEDIA_TYPE, [bytes(problem.response().body)])


def test_the_box_office_of_the_venue_is_sent_the_evening_again(command: Command, ticketing: FakeRegistration) -> None:
    ticketing.answers = [told(12)]
    status, printed, complaint = command("paard", EVENING)
    assert (status, complaint) == (0, "")
    assert printed == f"12 tickets of evening {EVENING} were sent again to the box office of paard.\n"
    [asked] = ticketing.asked
    assert asked.path == f"/evenings/{EVENING}/replay"
    assert json.loads(asked.body) == {"venue": "paard"}
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("tickets", "said"),
    [
        (0, f"The evening {EVENING} itself, and no ticket, was sent again to the box office of ndt.\n"),
        (1, f"1 ticket of evening {EVENING} was sent again to the box office of ndt.\n"),
    ],
)
def test_few_tickets_are_told_in_a_sentence_too(
    command: Command, ticketing: FakeRegistration, tickets: int, said: str
) -> None:
    ticketing.answers = [told(tickets)]
    assert command("ndt", EVENING) == (0, said, "")


def test_every_time_is_a_new_request(command: Command, ticketing: FakeRegistration) -> None:
    ticketing.answers = [told(1), told(1)]
    command("paard", EVENING)
    command("paard", EVENING)
    first, second = (each.headers["idempotency-key"] for each in ticketing.asked)
    assert first != second


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (not_found("evening"), "error: There is no such evening\n"),
        (
            Problem(409, "other-venue", "The evening is at another venue", "It takes place at ndt"),
            "error: The evening is at another venue: It takes place at ndt\n",
        ),
    ],
)
def test_what_ticketing_refuses_is_told(
    command: Command, ticketing: FakeRegistration, problem: Problem, said: str
) -> None:
    ticketing.answers = [refused(problem)]
    assert command("paard", EVENING) == (1, "", said)


def test_a_token_that_may_not_is_told(command: Command, ticketing: FakeRegistration) -> None:
    ticketing.answers = [refused(Problem(403, "insufficient-scope", "Your token does not allow this"))]
    assert command("paard", EVENING) == (1, "", f"error: this token may not do that at {ticketing.url}\n")


@pytest.mark.parametrize(
    ("venue", "evening", "said"),
    [
        ("paard", "opening-night", f"error: opening-night is not the id of an evening, such as {EVENING}\n"),
        (
            "parad",
            EVENING,
            f"error: there is no venue parad: the venues are {', '.join(Venue)}\n",
        ),
    ],
)
def test_nothing_is_sent_for_what_is_no_evening_or_no_venue(
    command: Command, ticketing: FakeRegistration, venue: str, evening: str, said: str
) -> None:
    assert command(venue, evening) == (1, "", said)
    assert ticketing.asked == []


def test_an_address_without_a_token_is_not_used(environment: dict[str, str], ticketing: FakeRegistration) -> None:
    del environment["CULTURE_CONNECT_TOKEN_FILE"]
    result = CliRunner().invoke(app, ["box-office", "replay", "paard", EVENING], env=environment)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: the address of ticketing is given, but no token: add --token-file")
    assert ticketing.asked == []


def test_a_local_stack_is_found_by_itself(ticketing: FakeRegistration, tmp_path: Path) -> None:
    stack: dict[str, Any] = {"http": {"ticketing": ticketing.url}, "tokens": {"programme": "of-the-stack"}}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    ticketing.answers = [told(3)]
    result = CliRunner().invoke(
        app, ["box-office", "replay", "paard", EVENING], env={"CULTURE_CONNECT_HOME": str(tmp_path)}
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert ticketing.asked[0].headers["authorization"] == "Bearer of-the-stack"


def test_where_nothing_says_which_ticketing_the_command_says_how(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["box-office", "replay", "paard", EVENING], env={"CULTURE_CONNECT_HOME": str(tmp_path)}
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("error: which ticketing? Start a local stack with `culture-connect up`")
    assert "CULTURE_CONNECT_TICKETING_URL" in result.stderr
